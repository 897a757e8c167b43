"""Paths that want out of the folder of the page: no file of the machine is served."""

import asyncio

from tests.support.served_api import api_context, served

TRAVERSALS = (
    "/assets/../../../../../../etc/passwd", "/assets/..%2f..%2f..%2f..%2f..%2fetc/passwd", "/assets/%2e%2e/app.py",
    "/assets/%2e%2e%2fapp.py", "/assets/..%5c..%5capp.py", "/assets//etc/passwd", "/assets/%2fetc%2fpasswd",
    "/assets/....//....//app.py", "/assets/app.js%00.txt", "/assets/%c0%ae%c0%ae/app.py", "/assets/.", "/assets/",
    "//etc/passwd", "/../../etc/passwd", "/assets/__init__.py", "/assets/../app.py",
)  # fmt: skip


async def test_no_path_leads_out_of_the_page(database: str) -> None:
    async with api_context(database) as context, served(context) as url:
        port = int(url.rpartition(":")[2])
        for path in TRAVERSALS:
            answer = await _raw(port, path)
            status = int(answer.split(b" ", 2)[1])
            assert status in (400, 403, 404, 405), (path, answer[:200])
            assert b"root:" not in answer
            assert b"import " not in answer


async def _raw(port: int, path: str) -> bytes:
    """What is answered to a path as it stands: clients would tidy it up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer
