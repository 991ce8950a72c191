"""Training: the only package that imports torch. `fine_tune.fine_tune` is its entry point.

The bot reports progress and faults itself, so the library's own bars and advice are turned off.
"""

import os

# OpenMP's threads spin while they wait for each other. Where another process wants a core, that makes a step
# many times slower; sleeping costs nothing measurable. It is read once, when torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
