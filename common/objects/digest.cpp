// SPDX-License-Identifier: Apache-2.0
#include "objects/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/text.hpp"

namespace kseg::objects {
namespace {

unsigned char* out(Sha256& digest) {
    return reinterpret_cast<unsigned char*>(digest.data());
}

}  // namespace

// Where OpenSSL refuses, which check_digests() finds beforehand, the digest is zeros: no server takes a signature of that.
Sha256 sha256(Bytes bytes) {
    Sha256 digest{};
    if (::EVP_Digest(bytes.data(), bytes.size(), out(digest), nullptr, ::EVP_sha256(), nullptr) != 1) {
        digest = {};
    }
    return digest;
}

Sha256 hmac_sha256(Bytes key, std::string_view text) {
    Sha256 digest{};
    if (::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
               reinterpret_cast<const unsigned char*>(text.data()), text.size(), out(digest), nullptr) == nullptr) {
        digest = {};
    }
    return digest;
}

std::string hex_of(const Sha256& digest) {
    ByteBuffer text;
    append_hex(text, digest);
    return std::string(text.text());
}

Result<void> check_digests() {
    // FIPS 180-4's example of one block; for the keyed form RFC 4231, test case 2.
    const bool plain =
        hex_of(sha256(as_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const bool keyed = hex_of(hmac_sha256(as_bytes("Jefe"), "what do ya want for nothing?")) ==
                       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    return plain && keyed ? Result<void>() : Error{.code = Errc::unsupported, .what = "OpenSSL does not compute SHA-256"};
}

}  // namespace kseg::objects
