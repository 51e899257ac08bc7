"""The study's SQLite file: what is done, durably. Resume = planned keys minus recorded keys.

One writer per study (a lock that ends with its process), one transaction per arriving batch, `synchronous=FULL`: what
`record` returned from survives a power cut. An outcome is either a result or a failure, never both, and stands under
the hash of everything it depends on.

A study may be larger than memory: whatever there is one of per sample is read in pages and written in pieces, and no
cursor stays open while something else happens.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import re
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, NamedTuple, Self

from filelock import FileLock, Timeout

from editloupe.errors import DataError, StorageError, StudyLocked
from editloupe.machine import file_system
from editloupe.records import Edit, Failure, ImageFile, Reply, Sample
from editloupe.store.blobs import blob_path
from editloupe.store.identity import FileIdentities, Identity
from editloupe.store.standing import SAMPLES, TRIGGERS, fact_of
from editloupe.store.writing import LedgerConnection, writing
from editloupe.streams import in_parts

__all__ = ["PAGE", "Ledger", "Outcome", "PairRow", "State", "ledger_to_read", "packed_sample", "study_holder"]

Outcome = Edit | Reply | Failure

PairRow = tuple[str, str, str, str, bool, int, str]

FORMAT = 1
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "fuse.sshfs", "9p")
_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)
PAGE = 500
"""Rows or keys that are asked for at once; SQLite allows 999 parameters in old builds."""

_DIGEST = re.compile(r'"([0-9a-f]{64})"')

_UNFLUSHED = 200
"""Small rows that are kept back until something is flushed anyway, at most."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outcomes (
    key TEXT PRIMARY KEY,
    stage TEXT NOT NULL,
    result TEXT,
    failure TEXT,
    recorded REAL NOT NULL,
    CHECK ((result IS NULL) != (failure IS NULL))
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS digests (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taken (
    path TEXT PRIMARY KEY, real TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS samples (position INTEGER PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS plan (
    editor TEXT NOT NULL, sample TEXT NOT NULL, metric TEXT NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (editor, sample, metric)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pairs (
    sample TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, metric TEXT NOT NULL, turned INTEGER NOT NULL,
    draw INTEGER NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (sample, a, b, metric, turned, draw)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS speed (
    stage TEXT NOT NULL, items INTEGER NOT NULL, seconds REAL NOT NULL, peak_memory_bytes INTEGER,
    recorded REAL NOT NULL
);
"""


class State(NamedTuple):
    """What is known of an outcome without reading it.

    Attributes:
        failed, retryable: whether it is a failure, and one that could pass another time.
        sha256: of an edit's image, else None.
    """

    failed: bool
    retryable: bool
    sha256: str | None


class Ledger:
    """The ledger of one study folder; a context manager.

    Args:
        folder: the study folder, made when needed.

    Raises:
        StudyLocked: another process holds the study.
        StorageError: the folder cannot be written.
        DataError: the file is not a ledger, or of a newer format.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._failed: set[str] = set()
        self._identities = FileIdentities()
        self._digests: dict[Identity, str] = {}
        self._taken: dict[str, Identity] = {}
        self._speed: list[tuple[str, int, float, int | None, float]] = []
        path = folder / "ledger.sqlite"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(folder)
        try:
            with writing(path), path.open("ab"):  # SQLite would only say that it cannot open it
                pass
            self._db = sqlite3.connect(path, isolation_level=None, factory=LedgerConnection)
            self._db.path = path
            journal = "DELETE" if file_system(folder) in _NETWORK else "WAL"
            self._db.execute(f"PRAGMA journal_mode={journal}")
            self._db.execute("PRAGMA synchronous=FULL")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version not in (0, FORMAT):
                raise DataError(f"{path} has ledger format {version}; this version of editloupe reads format {FORMAT}")
            self._db.executescript(_SCHEMA + TRIGGERS)
            self._db.execute(f"PRAGMA user_version={FORMAT}")
        except sqlite3.DatabaseError as error:
            self._lock.release()
            raise DataError(f"{path} cannot be used as a ledger: {error}; move it away to begin anew") from error
        except (DataError, StorageError):
            self._lock.release()
            raise

    def record(self, outcomes: Iterable[tuple[str, Outcome]]) -> None:
        """Write one batch in one transaction; returns when it is on the disk.

        A failure written over an older failure of the same key counts its attempts on, once per
        opened ledger, which is a run: several editors may share a key. It never replaces a result.
        """
        now = time.time()
        with _transaction(self._db):
            self._write_small_rows()
            for key, outcome in outcomes:
                if isinstance(outcome, Failure):
                    before = self.find([key]).get(key)
                    if isinstance(before, Failure):
                        attempts = before.attempts + (key not in self._failed)
                        outcome = replace(outcome, attempts=attempts)  # noqa: PLW2901
                    self._failed.add(key)
                    row: tuple[Any, ...] = (key, outcome.stage, None, json.dumps(asdict(outcome)), now)
                else:
                    stage = "edit" if isinstance(outcome, Edit) else "judge"
                    row = (key, stage, json.dumps(_packed(outcome)), None, now)
                self._db.execute(
                    "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
                    "stage = excluded.stage, result = excluded.result, failure = excluded.failure, "
                    "recorded = excluded.recorded WHERE outcomes.result IS NULL OR excluded.result IS NOT NULL",
                    row,
                )

    def failed_now(self, key: str) -> bool:
        """Whether an item has failed since the ledger was opened: another try in the same run would be one too many."""
        return key in self._failed

    def find(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """Return what is recorded under the keys; keys without a record are absent."""
        outcomes: dict[str, Outcome] = {}
        query = "SELECT key, stage, result, failure FROM outcomes WHERE key IN ({marks})"
        for key, stage, result, failure in self._by_key(query, keys):
            outcomes[key] = Failure(**json.loads(failure)) if failure else self._unpacked(stage, json.loads(result))
        return outcomes

    def states(self, keys: Sequence[str]) -> dict[str, State]:
        """Return what is known of the outcomes under the keys without reading them; unknown keys are absent."""
        query = (
            "SELECT key, failure IS NOT NULL, coalesce(json_extract(failure, '$.retryable'), 0), "
            "CASE stage WHEN 'edit' THEN json_extract(result, '$.sha256') END FROM outcomes WHERE key IN ({marks})"
        )
        rows = self._by_key(query, keys)
        return {key: State(bool(failed), bool(retryable), sha256) for key, failed, retryable, sha256 in rows}

    def save_samples(self, samples: Iterable[Sample]) -> None:
        """Keep the samples of the study, so that its report needs no benchmark file."""
        self.save_packed_samples(packed_sample(sample) for sample in samples)

    def save_packed_samples(self, records: Iterable[str]) -> None:
        """Keep the samples of the study as `packed_sample` makes them."""
        with self._gathered("position INTEGER PRIMARY KEY, record TEXT", enumerate(records)):
            self._db.execute("DELETE FROM samples")
            self._db.execute("INSERT INTO samples SELECT position, record FROM gathered")

    def packed_samples(self) -> Iterator[str]:
        """The samples of the study as they are kept, in order."""
        query = "SELECT position, record FROM samples WHERE position > ? ORDER BY position LIMIT ?"
        last = -1
        while page := self._db.execute(query, (last, PAGE)).fetchall():
            last = page[-1][0]
            yield from (record for _, record in page)

    def stream_samples(self) -> Iterator[Sample]:
        """The samples of the study, in order, one after the other."""
        return (self._unpacked_sample(json.loads(record)) for record in self.packed_samples())

    def samples(self) -> list[Sample]:
        """The samples of the study, in order."""
        return list(self.stream_samples())

    def save_edit_plan(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Keep which key each edit of the study has: (editor, sample id, key).

        Replies that were planned for an edit which is now another one, or gone, are no longer part of the plan.
        """
        with self._gathered("editor, sample, key, PRIMARY KEY (editor, sample)", rows):
            self._db.execute("CREATE TEMP TABLE stale (editor, sample)")
            self._db.execute(
                "INSERT INTO stale SELECT plan.editor, plan.sample FROM plan LEFT JOIN gathered ON gathered.editor = "
                "plan.editor AND gathered.sample = plan.sample WHERE metric = '' AND gathered.key IS NOT plan.key"
            )
            self._db.execute("DELETE FROM plan WHERE (editor, sample) IN (SELECT editor, sample FROM stale)")
            for editor in ("a", "b"):
                self._db.execute(f"DELETE FROM pairs WHERE ({editor}, sample) IN (SELECT editor, sample FROM stale)")  # noqa: S608 - our own words
            self._db.execute("DROP TABLE stale")
            self._db.execute("INSERT OR IGNORE INTO plan SELECT editor, sample, '', key FROM gathered")

    def save_reply_plan(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        """Keep which key each reply of the study has: (editor, sample id, metric, key)."""
        with self._gathered("editor, sample, metric, key, PRIMARY KEY (editor, sample, metric)", rows):
            self._db.execute(
                "DELETE FROM plan WHERE metric != '' AND NOT EXISTS (SELECT 1 FROM gathered WHERE gathered.editor = "
                "plan.editor AND gathered.sample = plan.sample AND gathered.metric = plan.metric AND "
                "gathered.key = plan.key)"
            )
            self._db.execute("INSERT OR IGNORE INTO plan SELECT editor, sample, metric, key FROM gathered")

    def plan(self) -> dict[tuple[str, str, str], str]:
        """Key by (editor, sample id, metric); an edit's metric is empty."""
        return dict(self.stream_plan())

    def stream_plan(self, editor: str | None = None) -> Iterator[tuple[tuple[str, str, str], str]]:
        """((editor, sample id, metric), key) of the whole plan or of one editor's part, sorted, page by page."""
        columns = "SELECT editor, sample, metric, key FROM plan WHERE"
        after = (
            "(editor, sample, metric) {} (?, ?, ?)" if editor is None else "editor = ? AND (sample, metric) {} (?, ?)"
        )
        order = "ORDER BY editor, sample, metric LIMIT ?"
        last, comparison = (editor or "", "", ""), ">="
        while page := self._db.execute(f"{columns} {after.format(comparison)} {order}", (*last, PAGE)).fetchall():
            last, comparison = page[-1][:3], ">"
            yield from ((row[:3], row[3]) for row in page)

    def plan_of(self, editors: Iterable[str], samples: Sequence[str]) -> dict[tuple[str, str, str], str]:
        """The part of the plan that is about some samples."""
        query = "SELECT editor, sample, metric, key FROM plan WHERE editor = ? AND sample IN ({marks})"
        rows = itertools.chain.from_iterable(self._by_key(query, samples, editor) for editor in editors)
        return {(editor, sample, metric): key for editor, sample, metric, key in rows}

    def shared_keys(self) -> set[str]:
        """The keys that serve several questions of the plan, such as those about two equal edits."""
        query = "SELECT key FROM plan WHERE metric != '' GROUP BY key HAVING count(*) > 1"
        return {key for (key,) in self._db.execute(query)}

    def save_pair_plan(self, rows: Iterable[PairRow], *, anew: bool) -> None:
        """Keep which key each question about a pair has; a pair that is not asked has one row without metric and key.

        Args:
            rows: (sample id, editor, other editor, metric, whether the other's edit is shown first, draw, key).
            anew: whether these are all; else they are added to what is there.
        """
        with _transaction(self._db):
            if anew:
                self._db.execute("DELETE FROM pairs")
            self._db.executemany("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def pair_plan(self) -> list[PairRow]:
        """What `save_pair_plan` kept."""
        rows = self._db.execute("SELECT sample, a, b, metric, turned, draw, key FROM pairs")
        return [(sample, a, b, metric, bool(turned), draw, key) for sample, a, b, metric, turned, draw, key in rows]

    def save_fact(self, name: str, value: Any) -> None:
        """Keep something about the study that its report needs, as JSON."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def fact(self, name: str) -> Any:
        """What `save_fact` kept, or None."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def stands(self, conclusion: str, mark: str) -> bool:
        """Whether a conclusion of an earlier run, drawn under the same mark, still holds; see `store.standing`."""
        return bool(self.fact(fact_of(conclusion)) == mark)

    def conclude(self, conclusion: str, mark: str) -> None:
        """Keep a conclusion about what the ledger holds now; whatever changes it takes the conclusion back."""
        self._flush_small_rows()  # it may rest on them
        self.save_fact(fact_of(conclusion), mark)

    def digest(self, path: Path) -> str:
        """SHA-256 of a file, remembered by (path, size, mtime); ``missing`` where there is none."""
        try:
            identity = self._identities.of(path)
        except OSError:
            return "missing"
        sha256 = self.remembered(*identity)
        if sha256 is None:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            self.remember(*identity, sha256)
        return sha256

    def remembered(self, path: str, size: int, mtime_ns: int) -> str | None:
        """The digest of a file seen before in exactly this state, or None."""
        known = self._digests.get((path, size, mtime_ns))
        if known is not None:
            return known
        query = "SELECT sha256 FROM digests WHERE path = ? AND size = ? AND mtime_ns = ?"
        row = self._db.execute(query, (path, size, mtime_ns)).fetchone()
        return None if row is None else str(row[0])

    def remember(self, path: str, size: int, mtime_ns: int, sha256: str) -> None:
        """Keep a file's digest. Losing it costs one reading, so it is not flushed by itself."""
        self._digests[path, size, mtime_ns] = sha256
        self._flush_small_rows(_UNFLUSHED)

    def note_taken(self, path: Path, identity: Identity) -> None:
        """Keep that a benchmark's picture was taken from a file as it is now."""
        self._taken[str(path)] = identity
        self._flush_small_rows(_UNFLUSHED)

    def forget_taken(self) -> None:
        """Begin anew with the files that a benchmark's pictures are taken from."""
        self._taken.clear()
        self._db.execute("DELETE FROM taken")
        self._db.execute("DELETE FROM facts WHERE name = ?", (fact_of(SAMPLES),))

    def taken_as_before(self) -> bool:
        """Whether every file that a benchmark's pictures were taken from is still the same, and so are its pictures."""
        blobs = {entry.name for folder in (self.folder / "blobs").glob("??") for entry in os.scandir(folder)}
        digests = (digest for record in self.packed_samples() for digest in _DIGEST.findall(record))
        if not all(f"{digest}.png" in blobs for digest in digests):
            return False
        query, last = "SELECT path, real, size, mtime_ns FROM taken WHERE path > ? ORDER BY path LIMIT ?", ""
        while page := self._db.execute(query, (last, PAGE)).fetchall():
            last = page[-1][0]
            try:
                if any(self._identities.of(Path(path)) != tuple(identity) for path, *identity in page):
                    return False
            except OSError:
                return False
        return True

    def record_speed(self, stage: str, items: int, seconds: float, peak_memory_bytes: int | None) -> None:
        """Add what a part of a stage took; it is flushed with what is recorded next."""
        self._speed.append((stage, items, seconds, peak_memory_bytes, time.time()))
        self._flush_small_rows(_UNFLUSHED)

    def speed(self, stage: str) -> tuple[int, float, int | None]:
        """(items, seconds, peak memory in bytes or None) of a stage over all runs so far."""
        self._flush_small_rows()
        query = "SELECT sum(items), sum(seconds), max(peak_memory_bytes) FROM speed WHERE stage = ?"
        items, seconds, peak = self._db.execute(query, (stage,)).fetchone()
        return items or 0, seconds or 0.0, peak

    def close(self) -> None:
        """Close the file and let other processes in."""
        try:
            with suppress(StorageError):  # what is lost here is measured or read once more
                self._flush_small_rows()
        finally:
            self._db.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _by_key(self, query: str, keys: Sequence[str], *first: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query with ``{marks}`` for so many keys, asked for in parts; `first` comes before the keys."""
        for start in range(0, len(keys), PAGE):
            part = keys[start : start + PAGE]
            marks = ",".join("?" * len(part))
            yield from self._db.execute(query.format(marks=marks), (*first, *part)).fetchall()

    @contextmanager
    def _gathered(self, columns: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[None]:
        """Gather rows in a temporary table, then open the one transaction that takes them over.

        To make the rows may take long and record things itself, so nothing is held open meanwhile.
        """
        self._db.execute(f"CREATE TEMP TABLE gathered ({columns})")
        try:
            for part in in_parts(rows, PAGE):
                marks = ",".join("?" * len(part[0]))
                with _transaction(self._db):
                    self._db.executemany(f"INSERT INTO gathered VALUES ({marks})", part)  # noqa: S608 - only marks are put in
            with _transaction(self._db):
                yield
        finally:
            self._db.execute("DROP TABLE gathered")

    def _flush_small_rows(self, beyond: int = 0) -> None:
        """Write what was kept back, once there are more than so many rows of a kind."""
        if max(len(self._digests), len(self._taken), len(self._speed)) > beyond:
            with _transaction(self._db):
                self._write_small_rows()

    def _write_small_rows(self) -> None:
        digests = [(*identity, sha256) for identity, sha256 in self._digests.items()]
        self._db.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?)", digests)
        self._db.executemany("INSERT INTO speed VALUES (?, ?, ?, ?, ?)", self._speed)
        taken = [(path, *identity) for path, identity in self._taken.items()]
        self._db.executemany("INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?)", taken)
        self._digests.clear()
        self._taken.clear()
        self._speed.clear()

    def _unpacked(self, stage: str, data: dict[str, Any]) -> Outcome:
        if stage == "judge":
            return Reply(**data)
        notes = tuple(data.pop("notes", ()))  # ledgers of earlier versions do not have them
        return Edit(image=self._image(data.pop("sha256")), notes=notes, **data)

    def _image(self, sha256: str) -> ImageFile:
        return ImageFile(blob_path(self.folder / "blobs", sha256), sha256)

    def _unpacked_sample(self, data: dict[str, Any]) -> Sample:
        for name in ("sources", "reference"):
            data[name] = tuple(self._image(sha256) for sha256 in data[name])
        if data.get("candidate") is not None:  # ledgers of earlier versions do not have it
            data["candidate"] = self._image(data["candidate"])
        if data["failure"] is not None:
            data["failure"] = Failure(**data["failure"])
        return Sample(**data)


@contextmanager
def ledger_to_read(folder: Path) -> Iterator[Ledger]:
    """The ledger of a study, to be read alone; of a folder that cannot be written, a copy of it.

    SQLite reads what was written last only where it may write beside the file, so the copy lies in a temporary folder.

    Raises:
        StudyLocked: another process holds the study.
        StorageError: the folder cannot be written, and holds no ledger.
    """
    try:
        ledger = Ledger(folder)
    except StorageError:
        if not (folder / "ledger.sqlite").is_file():
            raise
    else:
        with ledger:
            yield ledger
        return
    with TemporaryDirectory(prefix="editloupe-") as copy:
        for name in ("ledger.sqlite", "ledger.sqlite-wal"):
            if (folder / name).is_file():
                with writing(Path(copy) / name):
                    shutil.copyfile(folder / name, Path(copy) / name)
        with Ledger(Path(copy)) as ledger:
            ledger.folder = folder  # where the images lie
            yield ledger


class _transaction:  # noqa: N801 - reads as a statement
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:  # a full disk has ended the transaction already
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def _packed(outcome: Edit | Reply) -> dict[str, Any]:
    if isinstance(outcome, Reply):
        return {name: getattr(outcome, name) for name in outcome.__slots__}
    data = {name: getattr(outcome, name) for name in outcome.__slots__ if name != "image"}
    return {**data, "sha256": outcome.image.sha256}


def packed_sample(sample: Sample) -> str:
    """A sample as the ledger keeps it: its pictures by their digests."""
    data = {name: getattr(sample, name) for name in sample.__slots__}
    for name in ("sources", "reference"):
        data[name] = [picture.sha256 for picture in data[name]]
    data["candidate"] = None if sample.candidate is None else sample.candidate.sha256
    data["groups"], data["extra"], data["fields"] = dict(sample.groups), dict(sample.extra), dict(sample.fields)
    data["failure"] = None if sample.failure is None else asdict(sample.failure)
    return json.dumps(data)


def _lock(folder: Path) -> FileLock:
    path = folder / ".lock"
    # No fallback: a lock by a file's mere presence outlives a killed run, which the same command could not continue.
    lock = FileLock(path, timeout=0, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise StudyLocked(_in_use(path)) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise StorageError(
            f"{str(folder)!r} lies on a file system without file locks, so nothing would keep two runs of this study "
            "apart; choose an `out:` on another file system"
        ) from error
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    path.write_text(f"process {os.getpid()} on {socket.gethostname()} since {since}\n", encoding="utf-8")
    return lock


def study_holder(folder: Path) -> str:
    """Say who works on a study folder now, without waiting; empty where nobody does, or there is no study yet."""
    path = folder / ".lock"
    if not path.is_file():
        return ""
    try:
        with FileLock(path, timeout=0, thread_local=False, fallback_to_soft=False):
            return ""
    except Timeout:
        return _in_use(path)
    except OSError:  # a folder that cannot be written or locked is nobody's work place
        return ""


def _in_use(path: Path) -> str:
    holder = path.read_text(encoding="utf-8", errors="replace").strip() or "another process"
    return f"the study {str(path.parent)!r} is in use by {holder}; wait for it, stop it, or choose another `out:`"
