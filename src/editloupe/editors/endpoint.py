"""An image-editing service that speaks OpenAI's `images/edits`.

Keys, retries, errors, redaction and the cost limit are those of `remote`, the same as for a judge over the wire. What
may pass another time (outage, overload, timeout) is tried again and then fails in a way that the next run tries again;
a refusal is a refusal.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

from PIL import Image
from pydantic import Field, field_validator

from editloupe.errors import ConfigError, ItemError, failure_from
from editloupe.images import decode, encode_png
from editloupe.progress import activity
from editloupe.protocols import Editor
from editloupe.records import EditRequest, Failure, ImageBytes
from editloupe.remote.budget import Budget
from editloupe.remote.errors import from_answer, translated
from editloupe.remote.keys import api_key
from editloupe.remote.options import RemoteOptions, check_address
from editloupe.remote.redaction import redacted, redacted_outcome
from editloupe.remote.retry import with_retries
from editloupe.requirements import Requirement, lacking_key, lacking_packages

if TYPE_CHECKING:
    import httpx

__all__ = ["Endpoint"]

_OURS = ("model", "prompt", "image", "image[]", "n", "response_format")


class Endpoint(Editor):
    """The editor `endpoint`; a batch is sent as so many requests at once."""

    packages: ClassVar[Mapping[str, str]] = {"httpx": "endpoint", "tenacity": "endpoint"}
    one_process = "it counts what it spends in one process; use `engine: here`, its batch_size is the requests at once"

    class Options(RemoteOptions):
        """What the config says about this editor, besides the keys of `RemoteOptions`.

        Attributes:
            base_url: the service's base; ``/images/edits`` is added.
            params: sent with each request by their names (``size``, ``quality``, ...).
            price: what one edit costs, in any currency; needed by `max_cost`, which counts one run. A request without
                an answer counts as paid for.
        """

        base_url: str = "https://api.openai.com/v1"
        api_key_env: str | None = "OPENAI_API_KEY"
        retries: int = Field(default=3, ge=0)
        params: dict[str, str | int | float | bool] = Field(default_factory=dict)
        price: float | None = Field(default=None, gt=0)

        @field_validator("base_url")
        @classmethod
        def _an_address(cls, value: str) -> str:
            return check_address(value)

    @classmethod
    def requirements(cls, options: Options) -> list[Requirement]:
        """Tell of missing packages and of a missing key."""
        return [*lacking_packages(cls.packages), *lacking_key(options.api_key_env)]

    def __init__(self, options: Options) -> None:
        self.options = options
        if options.max_cost is not None and options.price is None:
            raise ConfigError("editor endpoint: `max_cost` needs the `price` of one edit")
        wrong = sorted(set(options.params) & set(_OURS))
        if wrong:
            raise ConfigError(f"editor endpoint: params may not hold {', '.join(wrong)}; these are set by editloupe")
        self._client: httpx.Client | None = None
        self._key: str | None = None
        self._budget = Budget(options.max_cost)

    @property
    def signature(self) -> str:
        """What an edit depends on; the service keeps the rest to itself."""
        params = " ".join(f"{name}={value}" for name, value in sorted(self.options.params.items()))
        return f"endpoint url={self.options.base_url} model={self.options.model} {params}".rstrip()

    def edit(self, requests: Sequence[EditRequest]) -> list[Image.Image | Failure]:
        """Send a batch, all requests at once.

        Raises:
            ConfigError: there is no key, or the service does not accept it or the model.
        """
        client = self._connected()
        activity.report(requests[0].sample.id)
        with ThreadPoolExecutor(len(requests)) as pool:
            return list(pool.map(lambda request: self._outcome(client, request), requests))

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _outcome(self, client: httpx.Client, request: EditRequest) -> Image.Image | Failure:
        try:
            images = [encode_png(decode(picture)) for picture in request.sample.sources]
            return with_retries(lambda: self._sent(client, request.sample.instruction, images), self.options.retries)
        except ItemError as error:
            return redacted_outcome(self._key, failure_from(error, "edit"))

    def _sent(self, client: httpx.Client, instruction: str, images: Sequence[bytes]) -> Image.Image:
        """Send one request; it costs its price where an image came, or where nobody knows whether one was made."""
        import httpx

        options = self.options
        name = "image" if len(images) == 1 else "image[]"
        files = [(name, (f"{index}.png", data, "image/png")) for index, data in enumerate(images)]
        fields = {key: _field(value) for key, value in options.params.items()}
        with self._budget.held(options.price or 0.0) as fits:
            if not fits:
                raise self._too_dear()
            try:
                response = client.post(
                    "images/edits", data={**fields, "model": options.model, "prompt": instruction}, files=files
                )
            except httpx.HTTPError as error:
                if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                    self._budget.spend(options.price or 0.0)
                raise translated(error) from error
            if response.status_code != 200:
                raise self._refusal(response)
            self._budget.spend(options.price or 0.0)
        return self._picture(response)

    def _picture(self, response: httpx.Response) -> Image.Image:
        import httpx

        try:
            first = response.json()["data"][0]
            data = base64.b64decode(first["b64_json"]) if first.get("b64_json") else None
            address = first["url"] if data is None else ""
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise ItemError("the service's answer holds no image", kind="bad-answer") from error
        if data is None:
            try:  # another host, which must not see the key
                downloaded = httpx.get(address, timeout=self.options.timeout, follow_redirects=True)
                data = downloaded.raise_for_status().content
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise ItemError("the edited image could not be fetched", kind="connection", retryable=True) from error
        return decode(ImageBytes(data))

    def _refusal(self, response: httpx.Response) -> Exception:
        error = from_answer(response)
        words = redacted(self._key, str(error))
        if error.status in (401, 403):
            return ConfigError(
                f"{self.options.base_url} does not accept the key in {self.options.api_key_env}: {words}"
            )
        if error.status == 404:
            return ConfigError(
                f"{self.options.base_url} has no images/edits, or no model {self.options.model!r}: {words}"
            )
        return error

    def _too_dear(self) -> ItemError:
        budget, price = self._budget, self.options.price or 0.0
        return ItemError(
            f"not sent: {budget.spent:g} of max_cost {budget.limit:g} is spent, one edit costs {price:g}",
            kind="max-cost",
            retryable=True,
        )

    def _connected(self) -> httpx.Client:
        if self._client is None:
            import httpx

            self._key = api_key(self.options.api_key_env, "editor endpoint")
            self._client = httpx.Client(
                base_url=self.options.base_url.rstrip("/") + "/",
                headers={} if self._key is None else {"Authorization": f"Bearer {self._key}"},
                timeout=self.options.timeout,
            )
        return self._client


def _field(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
