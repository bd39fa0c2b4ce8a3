# SPDX-License-Identifier: Apache-2.0
"""The store in S3 against versitygw, which checks signatures: over HTTP, and over TLS with a certificate of our own."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import objects_contract as contract  # noqa: E402
import s3_servers  # noqa: E402


def certificate(directory):
    """(certificate, key) for 127.0.0.1, signed by itself."""
    files = str(directory / "cert.pem"), str(directory / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]],
                   check=True, capture_output=True)
    return files


class Versitygw(contract.Case):
    @classmethod
    def setUpClass(cls):
        s3_servers.fetch("moto")  # for the second client
        cls.server = contract.enter(cls, s3_servers.versitygw(contract.scratch_of_class(cls)))


class OverTls(contract.Case):
    @classmethod
    def setUpClass(cls):
        s3_servers.fetch("moto")
        directory = contract.scratch_of_class(cls)
        cls.server = contract.enter(cls, s3_servers.versitygw(directory / "server", certificate(directory)))

    def test_a_certificate_that_is_not_trusted_ends_it_at_once(self):
        store = self.open(environment={**self.server.environment(), "AWS_CA_BUNDLE": ""})
        self.assert_fails(store("list"), "io", "certificate")
        self.assertEqual(store("traffic"), {"requests": 1, "retries": 0, "sent": 0, "received": 0})

    def test_a_certificate_for_another_name_ends_it_at_once(self):
        other = s3_servers.Server(self.server.endpoint.replace("127.0.0.1", "localhost"), self.server.key, self.server.secret,
                                  ca=self.server.ca)
        store = self.open(server=other)
        self.assert_fails(store("list"), "io", "localhost")
        self.assertEqual(store("traffic")["retries"], 0)


if __name__ == "__main__":
    k.main()
