"""An authority for tests, and certificates that it signs."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Its own certificate is in `file`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._issued: list[x509.Certificate] = []
        own = self._certificate(_name("authority"), self._key.public_key(), days=10, is_authority=True)
        self.file = self._write("authority.pem", own)

    def sign(
        self, name: str, *, days: float = 10, address: str = "127.0.0.1", begins: float = -100
    ) -> tuple[Path, Path]:
        """A certificate from one day to another, for a broker at that address or a vehicle, and its key: files."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(_name(name), key.public_key(), days, address=address, begins=begins)
        self._issued.append(certificate)
        path = self._folder / f"{name}.key"
        path.touch(mode=0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return self._write(f"{name}.pem", certificate), path

    def revoke_all(self) -> Path:
        """The list of revoked certificates, with each that was signed so far."""
        now = datetime.now(UTC)
        revoked = x509.CertificateRevocationListBuilder().issuer_name(_name("authority"))
        revoked = revoked.last_update(now - timedelta(days=1)).next_update(now + timedelta(days=1))
        for certificate in self._issued:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(now)
            revoked = revoked.add_revoked_certificate(entry.build())
        path = self._folder / "revoked.pem"
        path.write_bytes(revoked.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        days: float,
        *,
        address: str | None = None,
        is_authority: bool = False,
        begins: float = -100,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(_name("authority")).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now + timedelta(days=begins)).not_valid_after(now + timedelta(days=days))
        builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        if address:
            names = [x509.IPAddress(ipaddress.ip_address(address))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate) -> Path:
        path = self._folder / name
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path
