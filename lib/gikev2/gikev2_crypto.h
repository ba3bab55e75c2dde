// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cryptography of the engine: algorithm tables and what is done with them,
 * all by OpenSSL 3.  A transform ID is looked up once; the entry is then
 * what every function takes.
 *
 * Functions return 0 or a negated enum gikev2_err.
 */
#ifndef GIKEV2_CRYPTO_H
#define GIKEV2_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gikev2/gikev2_err.h"

#define GIKEV2_PRF_MAX 64  /* longest PRF key and output, octets */
#define GIKEV2_SK_E_MAX 36 /* longest cipher key with salt */
#define GIKEV2_SK_A_MAX 64
#define GIKEV2_ICV_MAX 32
#define GIKEV2_KWK_MAX 32
#define GIKEV2_KE_PUBLIC_MAX 1568
#define GIKEV2_KE_SHARED_MAX 512
#define GIKEV2_WRAP_OVERHEAD 16 /* most that RFC 5649 adds */

/* Borrowed octets. */
struct gikev2_chunk {
	const uint8_t *ptr;
	size_t len;
};

struct gikev2_encr {
	uint16_t id;	   /* Transform ID, type 1 */
	uint16_t key_bits; /* Key Length attribute; 0: fixed, none sent */
	const char *name;
	const char *cipher; /* OpenSSL's name */
	uint8_t key_len;    /* octets, without the salt */
	uint8_t salt_len;
	uint8_t iv_len; /* on the wire */
	uint8_t block_len;
	uint8_t icv_len; /* 0: needs INTEG */
};

struct gikev2_prf_alg {
	uint16_t id; /* type 2 */
	const char *name;
	const char *digest;
	uint8_t len; /* preferred key = output, octets */
};

struct gikev2_integ {
	uint16_t id; /* type 3 */
	const char *name;
	const char *digest;
	uint8_t key_len, icv_len;
};

struct gikev2_ke_alg {
	uint16_t id; /* type 4 */
	const char *name;
	uint16_t public_len;   /* of the initiator, and of both but for a KEM */
	uint16_t response_len; /* of the responder */
	uint16_t shared_len;
	uint16_t private_len; /* random octets that make a private value */
};

struct gikev2_kwa {
	uint16_t id; /* type 13 */
	const char *name;
	const char *cipher;
	uint8_t key_len;
};

/* NULL: not known, or not provided by this OpenSSL. */
const struct gikev2_encr *gikev2_encr_find(uint16_t id, uint16_t key_bits);
const struct gikev2_prf_alg *gikev2_prf_find(uint16_t id);
const struct gikev2_integ *gikev2_integ_find(uint16_t id);
const struct gikev2_ke_alg *gikev2_ke_find(uint16_t id);
const struct gikev2_kwa *gikev2_kwa_find(uint16_t id);

/* Prefetched algorithms and reused contexts; one an engine. */
struct gikev2_crypto;

struct gikev2_crypto *gikev2_crypto_new(void); /* NULL: OpenSSL refused */
void gikev2_crypto_free(struct gikev2_crypto *crypto);

/* out = prf(key, parts[0] | parts[1] | ...), prf->len octets. */
int gikev2_prf(struct gikev2_crypto *crypto, const struct gikev2_prf_alg *prf,
	       struct gikev2_chunk key, const struct gikev2_chunk *parts,
	       size_t count, uint8_t *out);

/* out = the first out_len octets of prf+(key, parts...); RFC 7296 2.13.
 * Fails when out_len is over 255 blocks. */
int gikev2_prf_plus(struct gikev2_crypto *crypto,
		    const struct gikev2_prf_alg *prf, struct gikev2_chunk key,
		    const struct gikev2_chunk *parts, size_t count,
		    uint8_t *out, size_t out_len);

/* SHA-1 of data (NAT detection, key hints only); 20 octets. */
int gikev2_sha1(struct gikev2_crypto *crypto, struct gikev2_chunk data,
		uint8_t out[20]);

/* SHA-256 of data; 32 octets. */
int gikev2_sha256(struct gikev2_crypto *crypto, struct gikev2_chunk data,
		  uint8_t out[32]);

/*
 * Encrypts `text_len` octets in place and appends the ICV.
 * sk_e: key, then salt (AEAD).  `integ` and sk_a: NULL for AEAD.
 *
 * `message` is one contiguous message: aad_len octets of headers, iv_len
 * octets of IV (set by the caller: unique for AEAD, unpredictable for CBC),
 * text_len octets of plaintext (padded by the caller for CBC), then room for
 * the ICV.  AEAD: AAD is the aad_len octets.  Non-AEAD: the ICV is over all
 * that stands before it (RFC 7296 section 3.14).
 */
int gikev2_seal(struct gikev2_crypto *crypto, const struct gikev2_encr *encr,
		const struct gikev2_integ *integ, const uint8_t *sk_e,
		const uint8_t *sk_a, uint8_t *message, size_t aad_len,
		size_t text_len);

/*
 * The opposite: message_len octets in the same layout, ICV included; checks
 * the ICV (constant time) before anything else, then decrypts in place.
 * *text_len gets the plaintext's length, padding and pad length included.
 * -GIKEV2_ERR_BAD_ICV; on any failure the text is not to be looked at.
 */
int gikev2_open(struct gikev2_crypto *crypto, const struct gikev2_encr *encr,
		const struct gikev2_integ *integ, const uint8_t *sk_e,
		const uint8_t *sk_a, uint8_t *message, size_t aad_len,
		size_t message_len, size_t *text_len);

/* ICV length of the pair. */
size_t gikev2_icv_len(const struct gikev2_encr *encr,
		      const struct gikev2_integ *integ);

/* AES key wrap with padding, RFC 5649.  *out_len: room, then length. */
int gikev2_wrap(struct gikev2_crypto *crypto, const struct gikev2_kwa *kwa,
		const uint8_t *kwk, struct gikev2_chunk plain, uint8_t *out,
		size_t *out_len);
/* -GIKEV2_ERR_BAD_KEY_WRAP when the integrity check fails.  out needs room
 * for wrapped.len octets. */
int gikev2_unwrap(struct gikev2_crypto *crypto, const struct gikev2_kwa *kwa,
		  const uint8_t *kwk, struct gikev2_chunk wrapped, uint8_t *out,
		  size_t *out_len);

/* ------------------------------------------------------------ key exchange */

struct gikev2_ke; /* our private value; wiped when freed */

typedef int (*gikev2_random_fn)(void *arg, uint8_t *octets, size_t len);

/* A private value from the caller's randomness; of a KEM, the initiator's. */
int gikev2_ke_new(struct gikev2_crypto *crypto, const struct gikev2_ke_alg *alg,
		  gikev2_random_fn random, void *arg, struct gikev2_ke **ke);

/* Our public value, as in the KE payload: alg->public_len octets. */
int gikev2_ke_public(const struct gikev2_ke *ke, uint8_t *out);

/* The shared secret, alg->shared_len octets; -GIKEV2_ERR_BAD_KE for a value
 * of the wrong length, off the curve, or of small order. */
int gikev2_ke_derive(const struct gikev2_ke *ke, struct gikev2_chunk peer,
		     uint8_t *out);

/*
 * The responder's part in one go: its public value, alg->response_len octets,
 * for the peer's, and the shared secret.  Errors as above.
 */
int gikev2_ke_respond(struct gikev2_crypto *crypto,
		      const struct gikev2_ke_alg *alg, gikev2_random_fn random,
		      void *arg, struct gikev2_chunk peer, uint8_t *public,
		      uint8_t *shared);

const struct gikev2_ke_alg *gikev2_ke_algorithm(const struct gikev2_ke *ke);
void gikev2_ke_free(struct gikev2_ke *ke);

/* Constant time; lengths are not secret. */
bool gikev2_equal(const uint8_t *a, const uint8_t *b, size_t len);

#endif /* GIKEV2_CRYPTO_H */
