"""An image-editing service that speaks OpenAI's `images/edits`.

The key comes from an environment variable and goes nowhere else: not into the config, the ledger, the log or a message.
What may pass another time (outage, overload, timeout) is tried again and then fails in a way that the next run tries
again; a refusal is a refusal.
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

from PIL import Image
from pydantic import Field

from editloupe.errors import ConfigError, ItemError, failure_from
from editloupe.images import decode, encode_png
from editloupe.plugins import Options as PluginOptions
from editloupe.progress import activity
from editloupe.protocols import Editor
from editloupe.records import EditRequest, Failure, ImageBytes
from editloupe.requirements import Requirement, lacking_key, lacking_packages

if TYPE_CHECKING:
    import httpx

__all__ = ["Endpoint"]

_OURS = ("model", "prompt", "image", "image[]", "n", "response_format")
_REFUSALS = ("moderation_blocked", "content_policy_violation", "content_filter", "safety")

FIRST_WAIT = 0.5
"""Seconds, at most, before the second attempt; doubled for each that follows."""


class _PassingError(ItemError):
    """Could pass another time; tried again before it becomes a failure."""

    retryable = True

    def __init__(self, message: str, *, kind: str, wait: float = 0.0) -> None:
        super().__init__(message, kind=kind)
        self.wait = wait


class Endpoint(Editor):
    """The editor `endpoint`; a batch is sent as so many requests at once."""

    packages: ClassVar[Mapping[str, str]] = {"httpx": "endpoint", "tenacity": "endpoint"}
    one_process = "it counts what it spends in one process; use `engine: here`, its batch_size is the requests at once"

    class Options(PluginOptions):
        """What the config says about this editor.

        Attributes:
            model: the service's name of the model.
            url: the service's base; ``/images/edits`` is added.
            key_variable: the environment variable that holds the key.
            params: sent with each request by their names (``size``, ``quality``, ...).
            timeout: seconds that one request may take.
            attempts: how often a request is sent at most.
            price: what one edit costs, in any currency; needed by `spending_cap`.
            spending_cap: no request is sent that would bring this run above it. A request without an answer counts as
                paid for.
        """

        model: str
        url: str = "https://api.openai.com/v1"
        key_variable: str = "OPENAI_API_KEY"
        params: dict[str, str | int | float | bool] = Field(default_factory=dict)
        timeout: float = Field(default=300.0, gt=0)
        attempts: int = Field(default=4, ge=1)
        price: float | None = Field(default=None, gt=0)
        spending_cap: float | None = Field(default=None, gt=0)

    @classmethod
    def requirements(cls, options: Options) -> list[Requirement]:
        """Tell of missing packages and of a missing key."""
        return [*lacking_packages(cls.packages), *lacking_key(options.key_variable)]

    def __init__(self, options: Options) -> None:
        self.options = options
        if options.spending_cap is not None and options.price is None:
            raise ConfigError("editor endpoint: `spending_cap` needs the `price` of one edit")
        wrong = sorted(set(options.params) & set(_OURS))
        if wrong:
            raise ConfigError(f"editor endpoint: params may not hold {', '.join(wrong)}; these are set by editloupe")
        self._client: httpx.Client | None = None
        self._spent = 0.0
        self._counting = threading.Lock()

    @property
    def signature(self) -> str:
        """What an edit depends on; the service keeps the rest to itself."""
        params = " ".join(f"{name}={value}" for name, value in sorted(self.options.params.items()))
        return f"endpoint url={self.options.url} model={self.options.model} {params}".rstrip()

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
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

        # Backing off at random keeps many requests from coming back together; what the service asks for comes first.
        backing_off = wait_random_exponential(multiplier=FIRST_WAIT, max=60)

        def wait(state: Any) -> float:
            error = state.outcome.exception()
            return min(error.wait, 120.0) if error.wait else float(backing_off(state))

        try:
            images = [encode_png(decode(picture)) for picture in request.sample.sources]
            for attempt in Retrying(
                retry=retry_if_exception_type(_PassingError),
                stop=stop_after_attempt(self.options.attempts),
                wait=wait,
                reraise=True,
            ):
                with attempt:
                    return self._sent(client, request.sample.instruction, images)
        except ItemError as error:
            return failure_from(error, "edit")
        raise AssertionError("unreachable: the last attempt raises")

    def _sent(self, client: httpx.Client, instruction: str, images: Sequence[bytes]) -> Image.Image:
        import httpx

        one = self.options
        name = "image" if len(images) == 1 else "image[]"
        files = [(name, (f"{index}.png", data, "image/png")) for index, data in enumerate(images)]
        fields = {key: _field(value) for key, value in one.params.items()}
        self._spend()
        try:
            response = client.post(
                "images/edits", data={**fields, "model": one.model, "prompt": instruction}, files=files
            )
        except httpx.TimeoutException as error:
            raise _PassingError(f"no answer within {one.timeout:g} seconds", kind="timeout") from error
        except httpx.ConnectError as error:
            self._refund()
            raise _PassingError(self._clean(f"no connection to {one.url}: {error}"), kind="outage") from error
        except httpx.TransportError as error:
            raise _PassingError(self._clean(f"the connection broke: {error}"), kind="outage") from error
        if response.status_code != 200:
            self._refund()
            raise self._refusal(response)
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
                found = httpx.get(address, timeout=self.options.timeout, follow_redirects=True)
                data = found.raise_for_status().content
            except httpx.HTTPError as error:
                raise ItemError("the edited image could not be fetched", kind="outage", retryable=True) from error
        return decode(ImageBytes(data))

    def _refusal(self, response: httpx.Response) -> Exception:
        status = response.status_code
        try:
            body = response.json()["error"]
            code, message = str(body.get("code") or body.get("type") or ""), str(body.get("message") or "")
        except (ValueError, KeyError, TypeError, AttributeError):
            code, message = "", response.text[:200]
        said = self._clean(f"{status} {code}: {message}".replace(" :", ":"))[:400]
        if any(word in code for word in _REFUSALS):
            return ItemError(f"the service refused: {said}", kind="refused")
        if code == "insufficient_quota":
            return ItemError(f"the account has no means left: {said}", kind="quota", retryable=True)
        if status in (401, 403):
            return ConfigError(f"{self.options.url} does not accept the key in {self.options.key_variable}: {said}")
        if status == 404:
            return ConfigError(f"{self.options.url} has no images/edits, or no model {self.options.model!r}: {said}")
        if status == 429 or status >= 500 or status == 408:
            kind = "rate-limit" if status == 429 else "outage"
            return _PassingError(
                f"the service answered {said}", kind=kind, wait=_seconds(response.headers.get("retry-after"))
            )
        return ItemError(f"the service answered {said}", kind="rejected")

    def _spend(self) -> None:
        one = self.options
        if one.price is None:
            return
        with self._counting:
            if one.spending_cap is not None and self._spent + one.price > one.spending_cap + 1e-9:
                raise ItemError(
                    f"not sent: {self._spent:g} of the cap {one.spending_cap:g} is spent, one edit costs {one.price:g}",
                    kind="spending-cap",
                    retryable=True,
                )
            self._spent += one.price

    def _refund(self) -> None:
        with self._counting:
            self._spent -= self.options.price or 0.0

    def _clean(self, text: str) -> str:
        """A message without the key; services like to repeat it."""
        key = os.environ.get(self.options.key_variable, "")
        return text.replace(key, "...") if key else text

    def _connected(self) -> httpx.Client:
        if self._client is None:
            import httpx

            key = os.environ.get(self.options.key_variable)
            if not key:
                raise ConfigError(
                    f"editor endpoint: the environment variable {self.options.key_variable} holds no key for "
                    f"{self.options.url}"
                )
            self._client = httpx.Client(
                base_url=self.options.url.rstrip("/") + "/",
                headers={"Authorization": f"Bearer {key}"},
                timeout=self.options.timeout,
            )
        return self._client


def _field(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:  # a date; our own waiting will do
        return 0.0
