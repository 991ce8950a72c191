"""Training: the only rooms that import torch. `fine_tune.fine_tune` is the door."""
