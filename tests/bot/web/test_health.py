from aiohttp import ClientSession

from tests.stories.citizen import Citizen


async def test_healthy_and_ready(address: str) -> None:
    async with ClientSession() as http:
        async with http.get(f"{address}/healthz") as response:
            assert await response.json() == {"status": "ok"}
        async with http.get(f"{address}/readyz") as response:
            assert (response.status, await response.json()) == (200, {"status": "ready", "reasons": []})


async def test_metrics_count_what_happened(address: str) -> None:
    async with Citizen(address) as man:
        await man.says("xin chào")
        async with man.http.get(f"{address}/metrics") as response:
            text = await response.text()
    assert "nepsong_answered_total 1.0" in text
    assert 'nepsong_kept_total{channel="webchat",outcome="new"} 1.0' in text
    assert "nepsong_inbox_waiting 0.0" in text
