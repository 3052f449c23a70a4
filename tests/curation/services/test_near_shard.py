"""A run whose search for near-duplicates is cut into jobs: the same version, whoever does the shards."""

import csv
import gzip
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from accounts.models import User
from accounts.services.organization import create_organization
from curation.demo import SETS
from curation.models import Run
from curation.services.near_shard import execute_shard
from curation.services.run import start_run
from curation.services.upload import receive_upload, start_import
from tests.live import Process, environment, worker_process
from workers import job_task
from workers.context import JobContext
from workers.fan_out import AHEAD, fan_out
from workers.models import Job, JobState
from workers.services import job as jobs
from workers.work_folder import pieces_folder
