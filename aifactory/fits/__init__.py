"""Runs of the chapters' models that the factory's surfaces and derived inputs are learnt from.

Each module gives `surfaces()`, name -> (surface, held-back points and results), and `derived()`,
name -> values at the probabilities `QUANTILES`. `aifactory.factory.build` writes them into
data/factory/.
"""

from __future__ import annotations

import numpy as np

QUANTILES = np.clip(np.linspace(0, 1, 201), 0.0005, 0.9995)
