"""Everything that another package can bring to fusionbench, each as small as it can be."""
