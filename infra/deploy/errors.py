"""What may go wrong in a deployment, by what a person has to do next.

DeployError
  +-- RefusedError     nothing was changed; put it right and start again
  +-- FailedError      it failed, and every service runs what it ran before
        +-- ForeignError   somebody else, or ECS itself, put another deployment in our place
  +-- StuckError       the way back failed as well; a person must look now
"""

from __future__ import annotations


class DeployError(Exception):
    """Anything that keeps a release from being live."""


class RefusedError(DeployError):
    """A reason to change nothing."""


class FailedError(DeployError):
    """A failure after which the services are as they were."""


class ForeignError(FailedError):
    """Another deployment took the place of ours."""


class StuckError(DeployError):
    """A failure after which the services are not known to be as they were."""
