"""The Dagster side: assets, partitions, jobs, schedules, checks, and the commands that launch them.

Dagster's notices that a feature is beta or in preview are silenced here, because its version is pinned exactly;
an upgrade reads the release notes instead.
"""

import warnings

import dagster as dg

warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
