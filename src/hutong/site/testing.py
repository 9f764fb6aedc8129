"""Settings of a hub under test: a home of its own in the temporary folder, cheap passwords, everything else as in use."""

import atexit
import os
import shutil
import tempfile

# One thread of linear algebra for each worker: the workers already share the cores. Before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Before the settings are read: they make the home they are given. A parallel worker inherits nothing.
os.environ["HUTONG_HOME"] = tempfile.mkdtemp(prefix="hutong-test-")
atexit.register(shutil.rmtree, os.environ["HUTONG_HOME"], ignore_errors=True)

from hutong.site.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
HUTONG_RATE_LIMIT = 100_000
HUTONG_SIGN_IN_LIMIT = 100_000
