// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What OpenSSL alone needs for proofs by certificate.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "bare.h"
#include "tests/unit/pki.h"

static void bare_sign(const EVP_PKEY *key, const uint8_t *octets, size_t len,
		      uint8_t signature[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = 64;

	EVP_DigestSignInit(ctx, NULL, NULL, NULL, (EVP_PKEY *)key);
	EVP_DigestSign(ctx, signature, &size, octets, len);
	EVP_MD_CTX_free(ctx);
}

static void bare_verify(const EVP_PKEY *key, const uint8_t *octets, size_t len,
			const uint8_t signature[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, (EVP_PKEY *)key);
	EVP_DigestVerify(ctx, signature, 64, octets, len);
	EVP_MD_CTX_free(ctx);
}

static int bare_chain(X509_STORE *store, const struct pki_cert *cert)
{
	const uint8_t *at = cert->der.ptr;
	X509 *x509 = d2i_X509(NULL, &at, (long)cert->der.len);
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	int ret;

	X509_STORE_CTX_init(ctx, store, x509, NULL);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_time(param, PKI_NOW);
	ret = X509_verify_cert(ctx);
	X509_STORE_CTX_free(ctx);
	X509_free(x509);
	return ret;
}

uint64_t bare_proofs(unsigned int count, const struct pki_cert *cert,
		     const struct pki_cert *ca)
{
	X509_STORE *store = X509_STORE_new();
	uint8_t octets[300] = { 0 }, signature[64];
	int good = 1;
	uint64_t start;

	X509_STORE_add_cert(store, ca->x509);
	start = cpu_nanoseconds();
	for (unsigned int i = 0; good == 1 && i < count; i++) {
		bare_sign(cert->key, octets, sizeof(octets), signature);
		bare_verify(cert->key, octets, sizeof(octets), signature);
		good = bare_chain(store, cert);
	}
	start = cpu_nanoseconds() - start;
	X509_STORE_free(store);
	/* a ratio of 0 is a failure that everybody sees */
	return good == 1 ? start : 0;
}
