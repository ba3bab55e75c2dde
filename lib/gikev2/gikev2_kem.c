// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key encapsulation: ML-KEM (FIPS 203), where OpenSSL has it, as 3.5 does.
 *
 * It is looked for at run time, and by name, so that the same binary does it
 * wherever the library learns it.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "gikev2/gikev2_crypto_private.h"

/* Names of parameters that the headers of OpenSSL 3.0 do not have. */
#define PARAM_SEED "seed"
#define PARAM_ENTROPY "ikme"

bool gikev2_kem_provided(const char *name)
{
	EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(NULL, name, NULL);
	EVP_KEM *kem = EVP_KEM_fetch(NULL, name, NULL);
	bool found = keymgmt && kem;

	EVP_KEYMGMT_free(keymgmt);
	EVP_KEM_free(kem);
	return found;
}

int gikev2_kem_generate(const char *name, const uint8_t *seed, EVP_PKEY **key,
			uint8_t *public, size_t public_len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(PARAM_SEED, (void *)seed,
						  GIKEV2_KEM_SEED_LEN),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	size_t len = 0;
	int ret = -GIKEV2_ERR_CRYPTO;

	if (ctx && EVP_PKEY_keygen_init(ctx) > 0 &&
	    EVP_PKEY_CTX_set_params(ctx, params) > 0 &&
	    EVP_PKEY_generate(ctx, key) > 0 &&
	    EVP_PKEY_get_octet_string_param(*key, OSSL_PKEY_PARAM_PUB_KEY,
					    public, public_len, &len) > 0 &&
	    len == public_len)
		ret = 0;
	EVP_PKEY_CTX_free(ctx);
	return ret;
}

/* A peer's encapsulation key; the import checks it (FIPS 203 section 7.2). */
static EVP_PKEY *import(const char *name, struct gikev2_chunk public)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						  (void *)public.ptr,
						  public.len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	EVP_PKEY *key = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) > 0 &&
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

int gikev2_kem_encapsulate(const char *name, struct gikev2_chunk peer,
			   const uint8_t *entropy, struct gikev2_kem_out *out)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			PARAM_ENTROPY, (void *)entropy, GIKEV2_KEM_ENTROPY_LEN),
		OSSL_PARAM_construct_end(),
	};
	size_t text_len = out->text_len, shared_len = out->shared_len;
	EVP_PKEY *key = import(name, peer);
	EVP_PKEY_CTX *ctx;
	int ret = -GIKEV2_ERR_CRYPTO;

	if (!key)
		return -GIKEV2_ERR_BAD_KE;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (ctx && EVP_PKEY_encapsulate_init(ctx, params) > 0 &&
	    EVP_PKEY_encapsulate(ctx, out->text, &text_len, out->shared,
				 &shared_len) > 0 &&
	    text_len == out->text_len && shared_len == out->shared_len)
		ret = 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ret;
}

int gikev2_kem_decapsulate(EVP_PKEY *key, struct gikev2_chunk text,
			   uint8_t *shared, size_t shared_len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	size_t len = shared_len;
	int ret = -GIKEV2_ERR_CRYPTO;

	if (ctx && EVP_PKEY_decapsulate_init(ctx, NULL) > 0)
		ret = EVP_PKEY_decapsulate(ctx, shared, &len, text.ptr,
					   text.len) > 0 &&
				      len == shared_len
			      ? 0
			      : -GIKEV2_ERR_BAD_KE;
	EVP_PKEY_CTX_free(ctx);
	return ret;
}
