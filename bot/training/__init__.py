"""Training: the only rooms that import torch. `fine_tune.fine_tune` is the door.

Progress and faults are told by the bot itself, so the library's own bars and advice are turned off.
"""

from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()
