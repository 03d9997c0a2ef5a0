"""Ask ECR for an image by its commit, and for what its scan found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from infra.deploy.errors import RefusedError
from infra.deploy.patience import Patience
from infra.deploy.situation import Finding, Image
from infra.deploy.target import REPOSITORY, Target

WAITING = frozenset({"PENDING", "IN_PROGRESS", "MISSING"})
"""A scan that was never asked for looks like one that has not begun: both are waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The account's registry."""

    target: Target
    ecr: Any  # boto3's clients have no types

    def image(self, commit: str, *, digest: str, patience: Patience) -> Image:
        """Return a commit's image with its scan; wait for the scan. Refuse any other digest."""
        found = self._found(commit)
        if digest and found["imageDigest"] != digest:
            raise RefusedError(
                f"The image of {commit} in {REPOSITORY} is {found['imageDigest']}, and {digest} is "
                "wanted. Tags are immutable, so one of the two was built elsewhere; find out where."
            )
        if "index" in found.get("imageManifestMediaType", "") or "list" in found.get(
            "imageManifestMediaType", ""
        ):
            raise RefusedError(
                f"The image of {commit} in {REPOSITORY} is an index of images, which ECR does not "
                "scan as one. Build one platform, without attestations inside: --provenance=false."
            )
        image = Image(
            repository=f"{self.target.account}.dkr.ecr.{self.ecr.meta.region_name}.amazonaws.com/"
            f"{REPOSITORY}",
            digest=found["imageDigest"],
            commit=commit,
            scan="MISSING",
        )
        return patience.wait(lambda: self._scanned(image)) or self._scan(image)

    def _found(self, commit: str) -> Any:
        try:
            answer = self.ecr.describe_images(
                registryId=self.target.account,
                repositoryName=REPOSITORY,
                imageIds=[{"imageTag": commit}],
            )
        except self.ecr.exceptions.ImageNotFoundException:
            raise RefusedError(
                f"There is no image of commit {commit} in {REPOSITORY} of account "
                f"{self.target.account}. Push the commit to main and let the workflow build it, "
                "or name one that was built: --commit SHA"
            ) from None
        except self.ecr.exceptions.RepositoryNotFoundException:
            raise RefusedError(
                f"There is no repository {REPOSITORY} in account {self.target.account}. Apply "
                f"infra/terraform/environments/{self.target.environment} first."
            ) from None
        return answer["imageDetails"][0]

    def _scanned(self, image: Image) -> Image | None:
        found = self._scan(image)
        return None if found.scan in WAITING else found

    def _scan(self, image: Image) -> Image:
        pages = self.ecr.get_paginator("describe_image_scan_findings").paginate(
            registryId=self.target.account,
            repositoryName=REPOSITORY,
            imageId={"imageDigest": image.digest},
        )
        status, findings = "MISSING", []
        try:
            for page in pages:
                status = page["imageScanStatus"]["status"]
                findings += _findings(page.get("imageScanFindings", {}))
        except self.ecr.exceptions.ScanNotFoundException:
            return image
        return replace(image, scan=status, findings=tuple(findings))


def _findings(page: Any) -> list[Finding]:
    basic = [
        Finding(id=each["name"], severity=each["severity"]) for each in page.get("findings", [])
    ]
    enhanced = [
        Finding(
            id=each.get("packageVulnerabilityDetails", {}).get("vulnerabilityId", "unnamed"),
            severity=each["severity"],
        )
        for each in page.get("enhancedFindings", [])
    ]
    return basic + enhanced
