"""Preloading: imported once by the process that workers are forked from; loads and builds everything slow.

No tensor arithmetic on more than one thread and no CUDA call may happen here, or forked children would hang.
"""

from contextlib import suppress

import sqlalchemy.dialects.sqlite  # noqa: F401 - loaded by name when an engine is made, 0.2 s
import torch
import torch._dynamo  # the first optimiser imports it, 1.5 s

from xfer_core.domains import builtin_domains, load_domain
from xfer_core.errors import XferError
from xfer_core.execution import worker
from xfer_core.execution.executors import local
from xfer_core.settings import settings

torch.set_num_threads(1)
keys = list(builtin_domains())
if settings().warm_points:
    keys = [key for key in keys if key.startswith("planar.")]
    import sklearn.compose
    import sklearn.impute
    import sklearn.pipeline
    import sklearn.preprocessing  # noqa: F401 - for the encoder of tables
for key in keys:
    with suppress(XferError):  # a missing font package
        load_domain(key)

__all__ = ["local", "worker"]
