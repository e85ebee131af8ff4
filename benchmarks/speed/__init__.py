"""What convlint costs, over `import torch`, and beside the other ways to a network's shapes."""
