"""TLS on both sides, and what is said when only one side has it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl

import pytest

from dicomseries.errors import NetworkError, OptionError
from dicomseries.network import open_peer
from judges.dimse_archives import instance_file, pynetdicom_archive

x509 = pytest.importorskip("cryptography.x509")

QUICK = {"timeout": 5, "retries": 0}


def certificates(folder):
    """Write an authority, a certificate for 127.0.0.1 that it signs, and one of a stranger."""
    from cryptography.hazmat.primitives.asymmetric import ec

    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = signed("authority", authority_key, None, authority_key)
    write(folder, "authority", authority, authority_key)
    for name in ("archive", "caller"):
        key = ec.generate_private_key(ec.SECP256R1())
        write(folder, name, signed(name, key, authority, authority_key), key)
    key = ec.generate_private_key(ec.SECP256R1())
    write(folder, "stranger", signed("stranger", key, None, key), key)
    return folder


def signed(name, key, issuer, issuer_key):
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
    )
    if issuer is None:
        usage = dict.fromkeys(
            [
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ],
            False,
        )
        builder = builder.add_extension(
            x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True
        )
    return builder.sign(issuer_key, hashes.SHA256())


def write(folder, name, certificate, key):
    from cryptography.hazmat.primitives import serialization

    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def archive(files):
    """An archive that asks for a certificate of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files / "authority.pem")
    context.load_cert_chain(files / "archive.pem", files / "archive.key")
    context.verify_mode = ssl.CERT_REQUIRED
    with pynetdicom_archive(ssl_context=context) as running:
        yield running


def peer_of(archive, files, scheme="dicoms", **options):
    paths = {name: str(files / path) for name, path in options.items() if "." in str(path)}
    return open_peer(f"{scheme}://ARCHIVE@127.0.0.1:{archive.port}", {**QUICK, **options, **paths})


MUTUAL = {
    "ca_certificate": "authority.pem",
    "certificate": "caller.pem",
    "key": "caller.key",
}


def test_instances_are_sent_with_certificates_of_both_sides(archive, files):
    instances = [instance_file(size=size) for size in (10, 3_000_000)]
    statuses = list(
        peer_of(archive, files, associations=2, **MUTUAL).store(instances, transcode=None)
    )
    assert [status.outcome for status in statuses] == ["stored"] * 2
    assert set(archive.data) == {each.sop_instance_uid for each in instances}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, "certificate-not-trusted"),
        ({"ca_certificate": "stranger.pem"}, "certificate-not-trusted"),
        ({"ca_certificate": "authority.pem"}, "certificate-required"),
        ({**MUTUAL, "certificate": "stranger.pem", "key": "stranger.key"}, "certificate-required"),
    ],
)
def test_a_certificate_that_is_missing_or_wrong_has_its_code(options, code, archive, files):
    with pytest.raises(NetworkError) as caught:
        peer_of(archive, files, **options).echo()
    assert caught.value.code == code


def test_a_port_with_tls_is_named_when_none_is_asked_for(archive, files):
    with pytest.raises(NetworkError) as caught:
        peer_of(archive, files, scheme="dicom").echo()
    assert caught.value.code in {"tls-mismatch", "association-lost"}
    assert "TLS" in str(caught.value)


def test_a_certificate_for_another_host_is_rejected_unless_the_name_is_not_checked(archive, files):
    url = f"dicoms://ARCHIVE@localhost:{archive.port}"
    options = {**QUICK, **{name: str(files / path) for name, path in MUTUAL.items()}}
    with pytest.raises(NetworkError) as caught:
        open_peer(url, options).echo()
    assert caught.value.code == "certificate-not-trusted"
    open_peer(url, {**options, "check_hostname": False}).echo()


def test_files_that_are_none_of_tls_are_named(archive, files, tmp_path):
    (tmp_path / "text.pem").write_text("no certificate", encoding="ascii")
    for options in (
        {"ca_certificate": str(tmp_path / "text.pem")},
        {"ca_certificate": str(tmp_path / "gone.pem")},
        {"certificate": str(files / "caller.pem"), "key": str(files / "archive.key")},
    ):
        url = f"dicoms://ARCHIVE@127.0.0.1:{archive.port}"
        with pytest.raises(OptionError) as caught:
            open_peer(url, options).echo()
        assert caught.value.code == "certificate-unusable"
