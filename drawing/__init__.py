"""Pictures for papers that several rooms draw: the house's style, and the curves of training."""
