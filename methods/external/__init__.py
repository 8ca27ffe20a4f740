"""Methods that live elsewhere: a folder of fused images, and a command line."""
