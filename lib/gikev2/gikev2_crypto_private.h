// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What gikev2_crypto.c, gikev2_seal.c and gikev2_ke.c share.
 *
 * Algorithms are fetched once an engine, since a fetch by name costs as much
 * as a short HMAC.  No context keeps key material beyond the call that it
 * was given to.
 */
#ifndef GIKEV2_CRYPTO_PRIVATE_H
#define GIKEV2_CRYPTO_PRIVATE_H

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "gikev2/gikev2_crypto.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

enum gikev2_hash_id {
	GIKEV2_SHA1,
	GIKEV2_SHA256,
	GIKEV2_SHA384,
	GIKEV2_SHA512,
	GIKEV2_HASHES,
};

#define GIKEV2_HASH_MAX 64
#define GIKEV2_HASH_BLOCK_MAX 128

#define GIKEV2_ENCRS 7
#define GIKEV2_KWAS 3
#define GIKEV2_ECPS 3
#define GIKEV2_MODPS 3

/* md is NULL where this OpenSSL has no such algorithm. */
struct gikev2_hash {
	EVP_MD *md;
	size_t len, block_len;		     /* octets */
	EVP_MD_CTX *inner, *outer;	     /* HMAC, keyed */
	EVP_MD_CTX *inner_copy, *outer_copy; /* for more under the same key */
};

struct gikev2_modp {
	BIGNUM *prime;
	BIGNUM *prime_minus_1;
	BN_MONT_CTX *mont;
};

struct gikev2_crypto {
	struct gikev2_hash hash[GIKEV2_HASHES];
	EVP_CIPHER *encr[GIKEV2_ENCRS]; /* as the tables; NULL: not there */
	EVP_CIPHER *kwa[GIKEV2_KWAS];
	EVP_CIPHER_CTX *cipher_ctx;

	/* gikev2_ke.c; made when first used */
	EVP_PKEY_CTX *x25519;
	EVP_PKEY *x25519_peer; /* public: the last one's value */
	EC_GROUP *ecp[GIKEV2_ECPS];
	struct gikev2_modp modp[GIKEV2_MODPS];
};

/* The engine's own cipher of a table entry. */
const EVP_CIPHER *gikev2_encr_cipher(const struct gikev2_crypto *crypto,
				     const struct gikev2_encr *encr);
const EVP_CIPHER *gikev2_kwa_cipher(const struct gikev2_crypto *crypto,
				    const struct gikev2_kwa *kwa);

/* out = HMAC(sk_a, data), cut to integ->icv_len octets. */
int gikev2_integ_sum(struct gikev2_crypto *crypto,
		     const struct gikev2_integ *integ, const uint8_t *sk_a,
		     struct gikev2_chunk data, uint8_t *out);

/* Frees what key exchanges made in `crypto`. */
void gikev2_ke_fini(struct gikev2_crypto *crypto);

/* gikev2_kem.c; `name` is OpenSSL's, and lengths are those of the method */
#define GIKEV2_KEM_SEED_LEN 64	  /* of a key pair: d | z */
#define GIKEV2_KEM_ENTROPY_LEN 32 /* of an encapsulation: m */

/* Where an encapsulation puts what it makes. */
struct gikev2_kem_out {
	uint8_t *text, *shared;
	size_t text_len, shared_len;
};

bool gikev2_kem_provided(const char *name);
int gikev2_kem_generate(const char *name, const uint8_t *seed, EVP_PKEY **key,
			uint8_t *public, size_t public_len);
int gikev2_kem_encapsulate(const char *name, struct gikev2_chunk peer,
			   const uint8_t *entropy, struct gikev2_kem_out *out);
int gikev2_kem_decapsulate(EVP_PKEY *key, struct gikev2_chunk text,
			   uint8_t *shared, size_t shared_len);

/*
 * Empties OpenSSL's error queue, lest an old error be blamed on a later
 * operation of somebody else in the process; returns -GIKEV2_ERR_CRYPTO.
 */
int gikev2_crypto_failed(void);

#endif /* GIKEV2_CRYPTO_PRIVATE_H */
