"""Each failure of a web archive has a code and a sentence, in time and without secrets."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import logging
import ssl
import threading

import pytest

from dicomseries.errors import NetworkError, OptionError
from dicomseries.network.dicomweb import WebPeer, web_session
from web_archive import Reply, always, closed_port, web_archive

SECRET = "s3cr3t-t0k3n"  # noqa: S105 - of nobody


@pytest.fixture(scope="module")
def server():
    with web_archive() as archive:
        yield archive


@pytest.fixture(autouse=True)
def _fresh(server, monkeypatch, tmp_path):
    server.reset()
    monkeypatch.setattr(web_session, "_FIRST_WAIT", 0.0)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("DICOMSERIES_AUTHORIZATION", raising=False)


def failure(url, **options):
    with WebPeer.at(url, {"retries": 0, **options}) as peer, pytest.raises(NetworkError) as caught:
        peer.echo()
    return caught.value


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "request-rejected"),
        (401, "not-authorized"),
        (403, "forbidden"),
        (404, "not-found"),
        (406, "media-type-not-offered"),
        (408, "peer-timeout"),
        (409, "conflict"),
        (413, "too-large"),
        (415, "media-type-not-taken"),
        (418, "request-rejected"),
        (429, "peer-busy"),
        (500, "peer-failed"),
        (502, "peer-failed"),
        (503, "peer-busy"),
        (507, "peer-full"),
    ],
)
def test_a_status_has_a_code_and_shows_the_answer(server, status, code):
    page = b"<html><style>x{}</style><body>because\n I say so</body></html>"
    server.reply = always(Reply(status, page, "text/html"))
    error = failure(server.url)
    assert error.code == code
    assert f"HTTP {status}" in str(error)
    assert "because I say so" in str(error)
    assert server.url in str(error)


def test_an_archive_without_search_still_answers(server):
    server.reply = always(Reply(501))
    with WebPeer.at(server.url, {}) as peer:
        peer.echo()


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, b"<html>Log in</html>", "text/html; charset=utf-8"), "not-dicomweb"),
        (Reply(200, b"<html>Log in", "application/dicom+json"), "answer-not-valid"),
        (Reply(200, b"[1, 2]"), "answer-not-valid"),
        (Reply(200, b'"text"'), "answer-not-valid"),
        (Reply(200, b"not compressed", headers={"Content-Encoding": "gzip"}), "answer-not-valid"),
    ],
    ids=["login page", "no JSON", "numbers", "text", "damaged gzip"],
)
def test_an_answer_that_is_no_dicom_json_is_an_error(server, reply, code):
    server.reply = always(reply)
    assert failure(server.url).code == code


def test_a_closed_port_and_an_unknown_host_differ():
    assert failure(f"http://127.0.0.1:{closed_port()}/dicom-web").code == "peer-not-reached"
    assert failure("http://no-such-host.invalid/dicom-web").code == "host-unknown"


def silent(handler):
    handler.rfile.read(1)


def dripping(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/dicom+json")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        handler.server.pause.wait(0.01)


@pytest.mark.parametrize(
    ("act", "words"), [(silent, "no answer in 0.15 s"), (dripping, "bytes in")]
)
def test_a_silent_and_a_slow_server_end_in_an_error_in_time(server, act, words):
    server.pause = threading.Event()
    server.reply = always(Reply(act=act))
    try:
        error = failure(server.url, timeout=0.15)
    finally:
        server.pause.set()
    assert error.code == "peer-timeout"
    assert words in str(error)


def chunked(content):
    """Return what sends a compressed answer in chunks."""

    def act(handler):
        body = gzip.compress(content)
        handler.send_response(200)
        handler.send_header("Content-Type", "application/dicom+json")
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for start in range(0, len(body), 7):
            piece = body[start : start + 7]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            handler.wfile.flush()
        handler.wfile.write(b"0\r\n\r\n")

    return act


def test_an_answer_in_chunks_and_compressed_is_read(server):
    rows = [{"0020000D": {"vr": "UI", "Value": [f"1.2.{index}"]}} for index in range(100)]
    server.reply = always(Reply(act=chunked(json.dumps(rows).encode())))
    with WebPeer.at(server.url, {}) as peer:
        uids = [match["StudyInstanceUID"] for match in peer.find("STUDY", {})]
    assert uids == [f"1.2.{index}" for index in range(100)]


def cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/dicom+json")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b"[")
    handler.wfile.flush()
    handler.close_connection = True


def test_a_proxy_of_the_environment_that_does_not_answer_is_named(server, monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    assert failure(server.url).code == "proxy-failed"


def test_an_answer_that_ends_early_is_a_lost_connection(server):
    server.reply = always(Reply(act=cut))
    assert failure(server.url).code == "connection-lost"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return a file with a self-signed certificate of 127.0.0.1 and its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from ipaddress import ip_address

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "archive of the tests")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36500))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + signed.public_bytes(pem))
    return path


@pytest.fixture(scope="module")
def tls_server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with web_archive(context) as archive:
        yield archive


def test_a_certificate_is_trusted_if_its_authority_is_given(tls_server, certificate):
    with WebPeer.at(tls_server.url, {"ca_certificate": certificate}) as peer:
        peer.echo()
    assert failure(tls_server.url).code == "certificate-not-trusted"


def test_the_authority_of_the_options_comes_before_that_of_the_environment(
    tls_server, certificate, monkeypatch, tmp_path
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with WebPeer.at(tls_server.url, {"ca_certificate": certificate}) as peer:
        peer.echo()


def test_a_host_that_is_not_in_the_certificate_is_not_trusted(tls_server, certificate):
    url = tls_server.url.replace("127.0.0.1", "localhost")
    error = failure(url, ca_certificate=certificate)
    assert error.code == "certificate-not-trusted"


def test_encryption_at_one_end_only_is_named(server, tls_server):
    assert failure(server.url.replace("http:", "https:")).code == "tls-mismatch"
    answer = Reply(400, b"Client sent an HTTP request to an HTTPS server.", "text/plain")
    server.reply = always(answer)
    assert failure(server.url).code == "tls-mismatch"


def test_a_server_that_demands_a_certificate_of_the_client_is_named(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with web_archive(context) as archive:
        options = {"ca_certificate": certificate}
        assert failure(archive.url, **options).code in {
            "certificate-required",
            "connection-lost",  # the connection may end before the reason arrives
        }
        with WebPeer.at(archive.url, {**options, "certificate": certificate}) as peer:
            peer.echo()


def authorization(server):
    return server.requests[-1].headers.get("authorization")


BASIC = "Basic " + base64.b64encode(b"jo:" + SECRET.encode()).decode()


def test_who_asks_comes_from_options_url_environment_and_netrc_in_this_order(
    server, monkeypatch, tmp_path
):
    def asked(url, **options):
        with WebPeer.at(url, options) as peer:
            peer.echo()
        return authorization(server)

    with_user = server.url.replace("//", f"//jo:{SECRET}@")
    assert asked(server.url) is None
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login an password other", encoding="utf-8")
    assert asked(server.url) == "Basic " + base64.b64encode(b"an:other").decode()
    monkeypatch.setenv("DICOMSERIES_AUTHORIZATION", f"Bearer {SECRET}\n")
    assert asked(server.url) == f"Bearer {SECRET}"
    assert asked(with_user) == BASIC
    assert asked(with_user, auth="Bearer mine") == "Bearer mine"
    assert asked(server.url, auth=("jo", SECRET)) == BASIC
    assert asked(server.url, headers={"authorization": "Token t"}) == "Token t"


def test_headers_and_parameters_are_in_every_request(server):
    with WebPeer.at(f"{server.url}?apikey=k3y&PatientID=42", {"headers": {"X-Key": "1"}}) as peer:
        peer.echo()
        list(peer.find("STUDY", {}))
    assert [request.query["apikey"] for request in server.requests] == [["k3y"]] * 2
    assert {request.headers["x-key"] for request in server.requests} == {"1"}
    assert "PatientID" not in server.requests[0].query
    assert server.requests[1].query["PatientID"] == ["42"]


def test_a_redirect_to_another_host_carries_no_header_of_the_user(server):
    with web_archive() as other:
        location = {"Location": f"{other.url}/studies".replace("127.0.0.1", "localhost")}
        server.reply = always(Reply(307, headers=location))
        with WebPeer.at(server.url, {"auth": SECRET, "headers": {"X-Key": SECRET}}) as peer:
            peer.echo()
        headers = other.requests[0].headers
        assert SECRET not in str(headers)
        assert authorization(server) == SECRET


def test_a_redirect_keeps_the_user_on_the_same_host(server):
    target = {"Location": f"{server.url}/elsewhere/studies"}
    server.reply = lambda request: (
        None if "elsewhere" in request.path else Reply(302, headers=target)
    )
    with WebPeer.at(server.url, {"auth": SECRET}) as peer:
        peer.echo()
    assert authorization(server) == SECRET


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_store_that_is_sent_elsewhere_is_an_error(server, status):
    from dicomseries.network import InstanceFile

    location = {"Location": "http://localhost:1/dicom-web/studies?token=x"}
    server.reply = always(Reply(status, headers=location))
    uids = dict.fromkeys(("sop_class_uid", "study_uid", "series_uid"), "1.2")
    instance = InstanceFile(
        **uids, sop_instance_uid="1.3", transfer_syntax_uid="1.2", content=b"x", size=1
    )
    with WebPeer.at(server.url, {}) as peer, pytest.raises(NetworkError) as caught:
        list(peer.store([instance], transcode=None))
    assert caught.value.code == "peer-moved"
    assert "http://localhost:1/dicom-web/studies" in str(caught.value)
    assert "token" not in str(caught.value)


def test_redirects_without_an_end_are_an_error(server):
    server.reply = always(Reply(302, headers={"Location": f"{server.url}/studies"}))
    assert failure(server.url).code == "peer-moved"


@pytest.mark.parametrize("status", [401, 500])
def test_no_secret_is_shown_or_logged(server, status, caplog):
    caplog.set_level(logging.DEBUG)
    echo = f"you said {BASIC} {SECRET}".encode()
    server.reply = always(Reply(status, echo, "text/plain"))
    url = server.url.replace("//", f"//jo:{SECRET}@") + "?token=" + SECRET
    error = failure(url)
    shown = f"{error} {error!r} {WebPeer.at(url, {}).where}"
    assert SECRET not in shown
    assert BASIC.split()[1] not in shown
    assert "***" in shown
    logged = caplog.text.replace(f"token={SECRET}", "")  # urllib3 logs the path of a request
    assert SECRET not in logged
    assert BASIC.split()[1] not in logged


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https://host:port/dicom-web",
        "https://host/dicom-web/studies/1.2/instances",
        "https://host/dicom-web/studies/1.2/series/1.3/instances/1.4",
        "https://host/dicom-web/studies/1.2/metadata",
        "https://host/dicom-web/studies/..",
        "https://host/dicom-web/studies/1.2/series/1.3%2f",
        "https://host/dicom-web/studies/" + "1" * 65,
        "dicomweb+ftp://host/dicom-web",
    ],
)
def test_a_url_of_nothing_that_is_read_whole_is_rejected(url):
    with pytest.raises(OptionError) as caught:
        WebPeer.at(url, {})
    assert caught.value.code == "url-not-dicomweb"


@pytest.mark.parametrize(
    ("url", "base", "study", "series"),
    [
        ("https://h/dicom-web", "https://h/dicom-web", "", ""),
        ("https://h/dicom-web/", "https://h/dicom-web", "", ""),
        ("https://h:8443/studies", "https://h:8443", "", ""),
        ("https://h/a/studies/1.2/", "https://h/a", "1.2", ""),
        ("https://h/a/studies/1.2/series", "https://h/a", "1.2", ""),
        ("HTTPS://H/a/studies/1.2/series/1.3", "https://h/a", "1.2", "1.3"),
        ("http://[::1]:80/a/studies/1.2", "http://[::1]:80/a", "1.2", ""),
        ("dicomweb+http://h/a", "http://h/a", "", ""),
        ("DICOMweb+https://h/mystudies", "https://h/mystudies", "", ""),
    ],
)
def test_a_url_is_taken_apart(url, base, study, series):
    from dicomseries.network.dicomweb import WebAddress

    address = WebAddress.from_url(url)
    assert (address.base, address.study_uid, address.series_uid) == (base, study, series)
