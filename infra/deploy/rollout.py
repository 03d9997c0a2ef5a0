"""Point services at revisions, watch our own deployments, and find the way back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.ecs import Ecs
from infra.deploy.errors import DeployError, FailedError, StuckError
from infra.deploy.patience import Patience
from infra.deploy.plan import is_through

Say = Callable[[str], None]
AwsError = (BotoCoreError, ClientError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """Brings revisions about in one cluster."""

    cluster: Ecs
    patience: Patience
    say: Say

    def bring(
        self, wanted: Mapping[str, str], *, back: Mapping[str, str], then: Callable[[], None]
    ) -> None:
        """Have the services run the wanted revisions and pass a last test, or go all the way back.

        Whatever ends it before that, also Ctrl-C, leaves no service on a wanted revision. A
        service counts as touched before its update is sent, for an answer may be lost.
        """
        touched: list[str] = []
        try:
            deployments = {}
            for process, revision in wanted.items():
                touched.append(process)
                deployments[process] = self._point(process, revision)
            self._watch(deployments)
            then()
        except BaseException as cause:  # also Ctrl-C; raised again
            self._return({process: back[process] for process in touched}, cause)
            raise

    def _point(self, process: str, revision: str) -> str:
        deployment = self.cluster.update(process, revision)
        name = self.cluster.target.service(process)
        self.say(f"{name}: {revision.rpartition('/')[2]}, deployment {deployment}")
        return deployment

    def _watch(self, deployments: Mapping[str, str]) -> None:
        """Wait until every one of these deployments, and no other, is completed."""
        done: set[str] = set()

        def look() -> bool | None:
            services, _ = self.cluster.services()
            for process, ours in deployments.items():
                name = self.cluster.target.service(process)
                if is_through(name, services[process], ours=ours) and process not in done:
                    done.add(process)
                    self.say(f"{name}: completed")
            return True if len(done) == len(deployments) else None

        if not self.patience.wait(look):
            late = ", ".join(self.cluster.target.service(p) for p in deployments if p not in done)
            raise FailedError(f"{late} did not complete within {self.patience.limit:.0f} s.")

    def _return(self, back: Mapping[str, str], cause: BaseException) -> None:
        self.say(f"Failed: {str(cause) or 'interrupted'}")
        try:
            with _undisturbed():
                deployments = self._point_all(back)
            self._watch(deployments)
        except (DeployError, KeyboardInterrupt, *AwsError) as error:
            raise StuckError(self._advice(back, str(error) or "interrupted")) from cause
        self.say("Every service runs what it ran before.")

    def _point_all(self, back: Mapping[str, str]) -> dict[str, str]:
        """Point every service, also when one of them refuses."""
        deployments, failures = {}, []
        for process, revision in back.items():
            try:
                deployments[process] = self._point(process, revision)
            except AwsError as error:
                failures.append(str(error))
        if failures:
            raise FailedError(" ".join(failures))
        return deployments

    def _advice(self, back: Mapping[str, str], error: str) -> str:
        target = self.cluster.target
        commands = "\n".join(
            f"  aws ecs update-service --cluster {target.cluster} --service "
            f"{target.service(process)} --task-definition {revision.rpartition('/')[2]}"
            for process, revision in back.items()
        )
        return (
            f"The way back failed too: {error}\n"
            f"Look at the services now, and point them back:\n{commands}"
        )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep an impatient second Ctrl-C from leaving the services on two versions."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
