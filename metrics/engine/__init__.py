"""What scores images: the catalogue of metrics, protocols, checked inputs, evaluation."""
