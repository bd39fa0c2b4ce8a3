// SPDX-License-Identifier: Apache-2.0
#include "objects/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/loaded_library.hpp"
#include "base/text.hpp"

namespace kseg::objects {
namespace {

/// What is used of OpenSSL.
struct Crypto {
    LoadedLibrary library{KSEG_CRYPTO_LIBRARY};
    KSEG_LOADED_FUNCTION(digest, EVP_Digest);
    KSEG_LOADED_FUNCTION(hmac, HMAC);
    KSEG_LOADED_FUNCTION(sha256, EVP_sha256);

    static const Crypto& get() {
        static const Crypto crypto;
        return crypto;
    }
};

unsigned char* out(Sha256& digest) {
    return reinterpret_cast<unsigned char*>(digest.data());
}

}  // namespace

// Where OpenSSL refuses or is not there, which check_digests() finds beforehand, the digest is zeros: no server takes a
// signature of that.
Sha256 sha256(Bytes bytes) {
    Sha256 digest{};
    const Crypto& crypto = Crypto::get();
    if (!crypto.library.whole() ||
        crypto.digest(bytes.data(), bytes.size(), out(digest), nullptr, crypto.sha256(), nullptr) != 1) {
        digest = {};
    }
    return digest;
}

Sha256 hmac_sha256(Bytes key, std::string_view text) {
    Sha256 digest{};
    const Crypto& crypto = Crypto::get();
    if (!crypto.library.whole() ||
        crypto.hmac(crypto.sha256(), key.data(), static_cast<int>(key.size()),
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
    if (auto loaded = Crypto::get().library.check(); !loaded) {
        return loaded;
    }
    // FIPS 180-4's example of one block; for the keyed form RFC 4231, test case 2.
    const bool plain =
        hex_of(sha256(as_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const bool keyed = hex_of(hmac_sha256(as_bytes("Jefe"), "what do ya want for nothing?")) ==
                       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    return plain && keyed ? Result<void>() : Error{.code = Errc::unsupported, .what = "OpenSSL does not compute SHA-256"};
}

}  // namespace kseg::objects
