// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signatures of the Digital Signature method (RFC 7427, RFC 8420): of IKE_AUTH,
 * GSA_AUTH and GSA_REKEY.
 *
 * An algorithm is known by its DER AlgorithmIdentifier, compared octet by octet
 * (RFC 7427 section 3).  Anything with SHA-1 is not in the table, and so
 * refused like what is unknown.
 *
 * Functions return 0 or a negated enum gikev2_err.
 */
#ifndef GIKEV2_SIGN_H
#define GIKEV2_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "gikev2/gikev2_crypto.h" /* struct gikev2_chunk */

#define GIKEV2_RSA_BITS_MIN 2048
#define GIKEV2_RSA_BITS_MAX 8192 /* a stranger's key must not cost too much */

#define GIKEV2_SIGNATURE_MAX 1024  /* octets */
#define GIKEV2_ALGORITHM_ID_MAX 72 /* octets of a DER AlgorithmIdentifier */
#define GIKEV2_SPKI_MAX 1280	   /* octets of a SubjectPublicKeyInfo */
#define GIKEV2_ED25519_SEED_LEN 32

/* ------------------------------------------- SIGNATURE_HASH_ALGORITHMS */

/* "IKEv2 Hash Algorithms" of IANA */
enum gikev2_hash_algorithm {
	GIKEV2_HASH_SHA1 = 1, /* understood in a list, never used */
	GIKEV2_HASH_SHA2_256 = 2,
	GIKEV2_HASH_SHA2_384 = 3,
	GIKEV2_HASH_SHA2_512 = 4,
	GIKEV2_HASH_IDENTITY = 5,
};

#define GIKEV2_HASH_BIT(hash) (UINT32_C(1) << (hash))

/* What we can verify, and list. */
#define GIKEV2_HASHES_OWN                                                      \
	(GIKEV2_HASH_BIT(GIKEV2_HASH_SHA2_256) |                               \
	 GIKEV2_HASH_BIT(GIKEV2_HASH_SHA2_384) |                               \
	 GIKEV2_HASH_BIT(GIKEV2_HASH_SHA2_512) |                               \
	 GIKEV2_HASH_BIT(GIKEV2_HASH_IDENTITY))

#define GIKEV2_HASH_LIST_MAX 10 /* octets that a mask makes */

/* Notification data from a mask; returns its length in octets. */
size_t gikev2_hash_list_put(uint32_t mask, uint8_t out[GIKEV2_HASH_LIST_MAX]);

/* Mask from notification data, unknown hashes left out.  -BAD_SYNTAX when it is
 * no list of 16 bit numbers. */
int gikev2_hash_list_parse(struct gikev2_chunk data, uint32_t *mask);

/* -------------------------------------------------------------------- keys */

enum gikev2_key_type {
	GIKEV2_KEY_ED25519,
	GIKEV2_KEY_P256,
	GIKEV2_KEY_P384,
	GIKEV2_KEY_RSA,	    /* rsaEncryption */
	GIKEV2_KEY_RSA_PSS, /* id-RSASSA-PSS */
	GIKEV2_KEY_TYPES
};

/* A key that is fit for use here, private or public.  It may live in a token. */
struct gikev2_key;

/*
 * Takes a reference of its own to `pkey`.  -KEY_REFUSED for another kind of
 * key, for a curve that is not named, and for RSA outside the limits above.
 */
int gikev2_key_new(EVP_PKEY *pkey, bool private, struct gikev2_key **key);

/* From the 32 octets that RFC 8032 calls the private key, random ones. */
int gikev2_key_from_seed(const uint8_t seed[GIKEV2_ED25519_SEED_LEN],
			 struct gikev2_key **key);

/*
 * A public key from a DER SubjectPublicKeyInfo: AUTH_KEY (RFC 9838 section
 * 4.5.3.2) or a raw public key (RFC 7670).  -BAD_SYNTAX when malformed,
 * -KEY_REFUSED as above and for id-RSASSA-PSS without its parameters.
 */
int gikev2_key_from_spki(struct gikev2_chunk spki, struct gikev2_key **key);

/*
 * The opposite, of a private key too.  *len: room, then length; GIKEV2_SPKI_MAX
 * will do.  -KEY_REFUSED for id-RSASSA-PSS without parameters, which a receiver
 * would refuse.
 */
int gikev2_key_spki(const struct gikev2_key *key, uint8_t *out, size_t *len);

/* Another handle on the same key; NULL: out of memory. */
struct gikev2_key *gikev2_key_dup(const struct gikev2_key *key);
void gikev2_key_free(struct gikev2_key *key);

/* The same public key? */
bool gikev2_key_equal(const struct gikev2_key *a, const struct gikev2_key *b);

enum gikev2_key_type gikev2_key_type(const struct gikev2_key *key);
bool gikev2_key_private(const struct gikev2_key *key);

/*
 * Did it fail to sign, by this handle or one made from it?  A token that was
 * away may know nothing of it any more: it is to be loaded again.
 */
bool gikev2_key_failed(const struct gikev2_key *key);

/* "Ed25519", "ECDSA P-256", "RSA 3072": for `show`.  Returns buf. */
const char *gikev2_key_text(const struct gikev2_key *key, char *buf,
			    size_t size);

/* -------------------------------------------------------------- algorithms */

struct gikev2_sign_alg {
	const char *name;
	uint8_t hash;	   /* enum gikev2_hash_algorithm */
	uint8_t key_types; /* bits 1 << enum gikev2_key_type */
	bool sent;	   /* false: accepted only */
	bool pss;
	const char *digest;	     /* OpenSSL's name; NULL: none */
	struct gikev2_chunk id;	     /* DER AlgorithmIdentifier, as sent */
	struct gikev2_chunk id_long; /* another form of it, accepted */
};

/* By its AlgorithmIdentifier; NULL: unknown, or refused. */
const struct gikev2_sign_alg *gikev2_sign_alg_find(struct gikev2_chunk id);

/* Can that key make, or verify, such signatures? */
bool gikev2_sign_alg_fits(const struct gikev2_sign_alg *alg,
			  const struct gikev2_key *key);

/* The best for a key among those whose hash is in `hashes`, which is what the
 * peer listed.  NULL: none. */
const struct gikev2_sign_alg *gikev2_sign_choose(const struct gikev2_key *key,
						 uint32_t hashes);

/*
 * Splits AUTH data (RFC 7427 section 3): the length of the AlgorithmIdentifier,
 * that, and the signature.  Both chunks borrow.  -BAD_SYNTAX.
 */
int gikev2_auth_data_parse(struct gikev2_chunk data, struct gikev2_chunk *id,
			   struct gikev2_chunk *signature);

/* ----------------------------------------------------- signing, verifying */

/*
 * Octets of a signature: exact, but for ECDSA, whose DER form varies: there it
 * is the most.  Never over GIKEV2_SIGNATURE_MAX.
 */
size_t gikev2_signature_max(const struct gikev2_key *key);

/*
 * The length to fix beforehand where the length itself is signed, as it is in
 * GSA_REKEY (RFC 9838 section 2.4.1.1).  For ECDSA it is the likeliest one,
 * that of every second signature.
 */
size_t gikev2_signature_fixed(const struct gikev2_key *key);

/*
 * Signs parts[0] | parts[1] | ...; *len: room, then length.  -KEY_REFUSED when
 * the key is public, -SIGNATURE_ALGORITHM when it does not fit.
 *
 * ECDSA and RSASSA-PSS draw their random number from OpenSSL's own generator
 * (or the token's): its quality decides over the private key, and it must not
 * be replayed by a simulation.  Ed25519 needs none.
 */
int gikev2_sign(const struct gikev2_key *key, const struct gikev2_sign_alg *alg,
		const struct gikev2_chunk *parts, size_t count, uint8_t *out,
		size_t *len);

/*
 * The same with exactly `len` octets, gikev2_signature_fixed() of them: signs
 * again until the length is right, which takes ECDSA two times on average.
 */
int gikev2_sign_fixed(const struct gikev2_key *key,
		      const struct gikev2_sign_alg *alg,
		      const struct gikev2_chunk *parts, size_t count,
		      uint8_t *out, size_t len);

/*
 * Verifies `signature` by the AlgorithmIdentifier that came with it.  `hashes`:
 * those that we listed.  -SIGNATURE_ALGORITHM when it is unknown, refused or
 * not one for that key, -HASH_NOT_ALLOWED, -BAD_SIGNATURE.
 */
int gikev2_verify(const struct gikev2_key *key, struct gikev2_chunk id,
		  uint32_t hashes, const struct gikev2_chunk *parts,
		  size_t count, struct gikev2_chunk signature);

#endif /* GIKEV2_SIGN_H */
