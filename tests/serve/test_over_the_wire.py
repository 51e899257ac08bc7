"""A service whose judge is itself behind an address: both outages end as failures that may pass."""

from editloupe.client import Client, Item
from editloupe.serve.limits import Limits
from editloupe.serve.service import Service
from editloupe.serve.settings import load_served
from faulty import MODEL, faulty
from served import picture, running, until


def config(folder, server, **options):
    settings = ", ".join(f"{name}: {value}" for name, value in options.items())
    path = folder / "served.yaml"
    path.write_text(f"judge: {{type: openai, model: {MODEL}, base_url: '{server.url}', {settings}}}\nrubric: shapes\n")
    return load_served(str(path), out=str(folder / "logs"))


def items(count):
    return [Item([picture(0)], picture(number % 10, number=number), f"Question {number}.") for number in range(count)]


def test_scores_come_through_and_what_the_judge_s_server_refuses_fails_alone(tmp_path):
    with (
        faulty({3: ["400"], 5: ["429-after"]}) as server,
        Service(config(tmp_path, server), limits=Limits()) as service,
        running(service) as url,
        Client(url) as client,
    ):
        until(lambda: not service.not_ready)
        found = client.score(items(8))
    assert [one.overall for one in found] == [0, 1, 2, None, 4, 5, 6, 7]
    assert (found[3].failure.kind, found[3].failure.retryable) == ("bad-request", False)


def test_an_outage_of_the_judge_s_server_may_pass(tmp_path):
    with (
        faulty() as server,
        Service(config(tmp_path, server, retries=0), limits=Limits()) as service,
        running(service) as url,
        Client(url, retries=0) as client,
    ):
        until(lambda: not service.not_ready)
        server.always = "500"
        found = client.score(items(3))
        assert [one.overall for one in found] == [None] * 3
        assert all(one.failure.retryable for one in found)
        server.always = None
        assert client.rewards(items(3)) == [0, 1, 2]
