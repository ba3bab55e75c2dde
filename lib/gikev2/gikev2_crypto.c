// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Algorithm tables, hashes, PRF and prf+.
 *
 * HMAC is put together from the hash here: EVP_MAC keeps the key in its
 * context, and to wipe it there costs half as much again as a short HMAC.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "gikev2/gikev2_crypto_private.h"

static const struct gikev2_encr encrs[GIKEV2_ENCRS] = {
	{ 12, 128, "AES_CBC_128", "AES-128-CBC", 16, 0, 16, 16, 0 },
	{ 12, 192, "AES_CBC_192", "AES-192-CBC", 24, 0, 16, 16, 0 },
	{ 12, 256, "AES_CBC_256", "AES-256-CBC", 32, 0, 16, 16, 0 },
	{ 20, 128, "AES_GCM_16_128", "AES-128-GCM", 16, 4, 8, 1, 16 },
	{ 20, 192, "AES_GCM_16_192", "AES-192-GCM", 24, 4, 8, 1, 16 },
	{ 20, 256, "AES_GCM_16_256", "AES-256-GCM", 32, 4, 8, 1, 16 },
	{ 28, 0, "CHACHA20_POLY1305", "ChaCha20-Poly1305", 32, 4, 8, 1, 16 },
};

/* Key wrap is done block by block on plain AES, see gikev2_seal.c. */
static const struct gikev2_kwa kwas[GIKEV2_KWAS] = {
	{ 1, "KW_5649_128", "AES-128-ECB", 16 },
	{ 2, "KW_5649_192", "AES-192-ECB", 24 },
	{ 3, "KW_5649_256", "AES-256-ECB", 32 },
};

/* The public entry is the first member, so that it leads back to its row. */
static const struct prf_row {
	struct gikev2_prf_alg alg;
	enum gikev2_hash_id hash;
} prfs[] = {
	{ { 5, "HMAC_SHA2_256", "SHA2-256", 32 }, GIKEV2_SHA256 },
	{ { 6, "HMAC_SHA2_384", "SHA2-384", 48 }, GIKEV2_SHA384 },
	{ { 7, "HMAC_SHA2_512", "SHA2-512", 64 }, GIKEV2_SHA512 },
};

static const struct integ_row {
	struct gikev2_integ alg;
	enum gikev2_hash_id hash;
} integs[] = {
	{ { 12, "HMAC_SHA2_256_128", "SHA2-256", 32, 16 }, GIKEV2_SHA256 },
	{ { 13, "HMAC_SHA2_384_192", "SHA2-384", 48, 24 }, GIKEV2_SHA384 },
	{ { 14, "HMAC_SHA2_512_256", "SHA2-512", 64, 32 }, GIKEV2_SHA512 },
};

static const char *const hash_names[GIKEV2_HASHES] = {
	[GIKEV2_SHA1] = "SHA1",
	[GIKEV2_SHA256] = "SHA2-256",
	[GIKEV2_SHA384] = "SHA2-384",
	[GIKEV2_SHA512] = "SHA2-512",
};

/* -------------------------------------------------- what this OpenSSL has */

/* Look-ups take no engine, hence one probe for the process. */
static CRYPTO_ONCE probe_once = CRYPTO_ONCE_STATIC_INIT;
static struct {
	bool encr[GIKEV2_ENCRS];
	bool kwa[GIKEV2_KWAS];
	bool hash[GIKEV2_HASHES];
} provided;

static void probe(void)
{
	struct gikev2_crypto *crypto = gikev2_crypto_new();

	if (!crypto)
		return;
	for (size_t i = 0; i < GIKEV2_ENCRS; i++)
		provided.encr[i] = crypto->encr[i] != NULL;
	for (size_t i = 0; i < GIKEV2_KWAS; i++)
		provided.kwa[i] = crypto->kwa[i] != NULL;
	for (size_t i = 0; i < GIKEV2_HASHES; i++)
		provided.hash[i] = crypto->hash[i].md != NULL;
	gikev2_crypto_free(crypto);
}

const struct gikev2_encr *gikev2_encr_find(uint16_t id, uint16_t key_bits)
{
	CRYPTO_THREAD_run_once(&probe_once, probe);
	for (size_t i = 0; i < ARRAY_LEN(encrs); i++)
		if (encrs[i].id == id && encrs[i].key_bits == key_bits)
			return provided.encr[i] ? &encrs[i] : NULL;
	return NULL;
}

const struct gikev2_prf_alg *gikev2_prf_find(uint16_t id)
{
	CRYPTO_THREAD_run_once(&probe_once, probe);
	for (size_t i = 0; i < ARRAY_LEN(prfs); i++)
		if (prfs[i].alg.id == id)
			return provided.hash[prfs[i].hash] ? &prfs[i].alg
							   : NULL;
	return NULL;
}

const struct gikev2_integ *gikev2_integ_find(uint16_t id)
{
	CRYPTO_THREAD_run_once(&probe_once, probe);
	for (size_t i = 0; i < ARRAY_LEN(integs); i++)
		if (integs[i].alg.id == id)
			return provided.hash[integs[i].hash] ? &integs[i].alg
							     : NULL;
	return NULL;
}

const struct gikev2_kwa *gikev2_kwa_find(uint16_t id)
{
	CRYPTO_THREAD_run_once(&probe_once, probe);
	for (size_t i = 0; i < ARRAY_LEN(kwas); i++)
		if (kwas[i].id == id)
			return provided.kwa[i] ? &kwas[i] : NULL;
	return NULL;
}

const EVP_CIPHER *gikev2_encr_cipher(const struct gikev2_crypto *crypto,
				     const struct gikev2_encr *encr)
{
	return crypto->encr[encr - encrs];
}

const EVP_CIPHER *gikev2_kwa_cipher(const struct gikev2_crypto *crypto,
				    const struct gikev2_kwa *kwa)
{
	return crypto->kwa[kwa - kwas];
}

/* ---------------------------------------------------------------- context */

/* An algorithm that is not there stays NULL; false: out of memory. */
static bool hash_init(struct gikev2_hash *hash, const char *name)
{
	hash->md = EVP_MD_fetch(NULL, name, NULL);
	if (!hash->md)
		return true;
	hash->len = (size_t)EVP_MD_get_size(hash->md);
	hash->block_len = (size_t)EVP_MD_get_block_size(hash->md);
	hash->inner = EVP_MD_CTX_new();
	hash->outer = EVP_MD_CTX_new();
	hash->inner_copy = EVP_MD_CTX_new();
	hash->outer_copy = EVP_MD_CTX_new();
	return hash->inner && hash->outer && hash->inner_copy &&
	       hash->outer_copy;
}

static void hash_fini(struct gikev2_hash *hash)
{
	EVP_MD_CTX_free(hash->inner);
	EVP_MD_CTX_free(hash->outer);
	EVP_MD_CTX_free(hash->inner_copy);
	EVP_MD_CTX_free(hash->outer_copy);
	EVP_MD_free(hash->md);
}

struct gikev2_crypto *gikev2_crypto_new(void)
{
	struct gikev2_crypto *crypto = calloc(1, sizeof(*crypto));
	bool ok;

	if (!crypto)
		return NULL;
	crypto->cipher_ctx = EVP_CIPHER_CTX_new();
	ok = crypto->cipher_ctx != NULL;
	for (size_t i = 0; i < GIKEV2_HASHES; i++)
		ok = ok && hash_init(&crypto->hash[i], hash_names[i]);
	for (size_t i = 0; i < GIKEV2_ENCRS; i++)
		crypto->encr[i] = EVP_CIPHER_fetch(NULL, encrs[i].cipher, NULL);
	for (size_t i = 0; i < GIKEV2_KWAS; i++)
		crypto->kwa[i] = EVP_CIPHER_fetch(NULL, kwas[i].cipher, NULL);
	ERR_clear_error();

	/* IKE itself cannot do without these two. */
	if (ok && crypto->hash[GIKEV2_SHA1].md &&
	    crypto->hash[GIKEV2_SHA256].md)
		return crypto;
	gikev2_crypto_free(crypto);
	return NULL;
}

void gikev2_crypto_free(struct gikev2_crypto *crypto)
{
	if (!crypto)
		return;
	gikev2_ke_fini(crypto);
	for (size_t i = 0; i < GIKEV2_HASHES; i++)
		hash_fini(&crypto->hash[i]);
	for (size_t i = 0; i < GIKEV2_ENCRS; i++)
		EVP_CIPHER_free(crypto->encr[i]);
	for (size_t i = 0; i < GIKEV2_KWAS; i++)
		EVP_CIPHER_free(crypto->kwa[i]);
	EVP_CIPHER_CTX_free(crypto->cipher_ctx);
	free(crypto);
}

int gikev2_crypto_failed(void)
{
	ERR_clear_error();
	return -GIKEV2_ERR_CRYPTO;
}

/* ------------------------------------------------------------------ hashes */

static bool hash_update(EVP_MD_CTX *ctx, const struct gikev2_chunk *parts,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len))
			return false;
	return true;
}

static int hash_sum(struct gikev2_hash *hash, struct gikev2_chunk data,
		    uint8_t *out)
{
	bool ok = EVP_DigestInit_ex2(hash->inner, hash->md, NULL) &&
		  hash_update(hash->inner, &data, 1) &&
		  EVP_DigestFinal_ex(hash->inner, out, NULL);

	EVP_MD_CTX_reset(hash->inner);
	return ok ? 0 : gikev2_crypto_failed();
}

int gikev2_sha1(struct gikev2_crypto *crypto, struct gikev2_chunk data,
		uint8_t out[20])
{
	return hash_sum(&crypto->hash[GIKEV2_SHA1], data, out);
}

int gikev2_sha256(struct gikev2_crypto *crypto, struct gikev2_chunk data,
		  uint8_t out[32])
{
	return hash_sum(&crypto->hash[GIKEV2_SHA256], data, out);
}

bool gikev2_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

/* ---------------------------------------------------- HMAC, PRF (RFC 2104) */

static bool hmac_pad(struct gikev2_hash *hash, EVP_MD_CTX *ctx,
		     const uint8_t *key, uint8_t xor)
{
	uint8_t pad[GIKEV2_HASH_BLOCK_MAX];
	bool ok;

	for (size_t i = 0; i < hash->block_len; i++)
		pad[i] = key[i] ^ xor;
	ok = EVP_DigestInit_ex2(ctx, hash->md, NULL) &&
	     EVP_DigestUpdate(ctx, pad, hash->block_len);
	OPENSSL_cleanse(pad, sizeof(pad));
	return ok;
}

/* Puts the key into hash->inner and hash->outer. */
static bool hmac_key(struct gikev2_hash *hash, struct gikev2_chunk key)
{
	uint8_t block[GIKEV2_HASH_BLOCK_MAX] = { 0 };
	bool ok = true;

	if (key.len > hash->block_len)
		ok = hash_sum(hash, key, block) == 0;
	else if (key.len)
		memcpy(block, key.ptr, key.len);
	ok = ok && hmac_pad(hash, hash->inner, block, 0x36) &&
	     hmac_pad(hash, hash->outer, block, 0x5c);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

/* Uses both contexts up.  The data is already in `inner`. */
static bool hmac_final(struct gikev2_hash *hash, EVP_MD_CTX *inner,
		       EVP_MD_CTX *outer, uint8_t *out)
{
	return EVP_DigestFinal_ex(inner, out, NULL) &&
	       EVP_DigestUpdate(outer, out, hash->len) &&
	       EVP_DigestFinal_ex(outer, out, NULL);
}

/* Wipes the state, which was as good as the key, or is the output. */
static void hmac_forget(EVP_MD_CTX *inner, EVP_MD_CTX *outer)
{
	EVP_MD_CTX_reset(inner);
	EVP_MD_CTX_reset(outer);
}

/* out: hash->len octets. */
static int hmac(struct gikev2_hash *hash, struct gikev2_chunk key,
		const struct gikev2_chunk *parts, size_t count, uint8_t *out)
{
	bool ok = hmac_key(hash, key) &&
		  hash_update(hash->inner, parts, count) &&
		  hmac_final(hash, hash->inner, hash->outer, out);

	hmac_forget(hash->inner, hash->outer);
	return ok ? 0 : gikev2_crypto_failed();
}

int gikev2_prf(struct gikev2_crypto *crypto, const struct gikev2_prf_alg *prf,
	       struct gikev2_chunk key, const struct gikev2_chunk *parts,
	       size_t count, uint8_t *out)
{
	const struct prf_row *row = (const struct prf_row *)prf;

	return hmac(&crypto->hash[row->hash], key, parts, count, out);
}

/* T(n) = prf(K, T(n-1) | S | n), with K in inner and outer already. */
static bool prf_plus_block(struct gikev2_hash *hash, uint8_t *t, uint8_t n,
			   const struct gikev2_chunk *parts, size_t count)
{
	return EVP_MD_CTX_copy_ex(hash->inner_copy, hash->inner) &&
	       EVP_MD_CTX_copy_ex(hash->outer_copy, hash->outer) &&
	       EVP_DigestUpdate(hash->inner_copy, t, n > 1 ? hash->len : 0) &&
	       hash_update(hash->inner_copy, parts, count) &&
	       EVP_DigestUpdate(hash->inner_copy, &n, 1) &&
	       hmac_final(hash, hash->inner_copy, hash->outer_copy, t);
}

int gikev2_prf_plus(struct gikev2_crypto *crypto,
		    const struct gikev2_prf_alg *prf, struct gikev2_chunk key,
		    const struct gikev2_chunk *parts, size_t count,
		    uint8_t *out, size_t out_len)
{
	const struct prf_row *row = (const struct prf_row *)prf;
	struct gikev2_hash *hash = &crypto->hash[row->hash];
	uint8_t t[GIKEV2_HASH_MAX];
	size_t done = 0;
	bool ok;

	if (out_len > 255 * hash->len)
		return -GIKEV2_ERR_LIMIT;

	ok = hmac_key(hash, key);
	for (unsigned int n = 1; ok && done < out_len; n++) {
		size_t len = out_len - done;

		if (len > hash->len)
			len = hash->len;
		ok = prf_plus_block(hash, t, (uint8_t)n, parts, count);
		if (ok)
			memcpy(out + done, t, len);
		done += len;
	}
	OPENSSL_cleanse(t, sizeof(t));
	hmac_forget(hash->inner, hash->outer);
	hmac_forget(hash->inner_copy, hash->outer_copy);
	return ok ? 0 : gikev2_crypto_failed();
}

int gikev2_integ_sum(struct gikev2_crypto *crypto,
		     const struct gikev2_integ *integ, const uint8_t *sk_a,
		     struct gikev2_chunk data, uint8_t *out)
{
	const struct integ_row *row = (const struct integ_row *)integ;
	const struct gikev2_chunk key = { sk_a, integ->key_len };
	uint8_t sum[GIKEV2_HASH_MAX];
	int ret = hmac(&crypto->hash[row->hash], key, &data, 1, sum);

	if (ret == 0)
		memcpy(out, sum, integ->icv_len);
	OPENSSL_cleanse(sum, sizeof(sum));
	return ret;
}
