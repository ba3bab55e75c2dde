// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key exchange: X25519 (RFC 8031), ECP (RFC 5903), MODP (RFC 3526), and the
 * frame around ML-KEM.
 *
 * EVP_PKEY makes no public value from a private one that came from elsewhere,
 * and its check of a peer's value costs a full multiplication, or for MODP
 * several exponentiations with an exponent as long as the prime.  So ECP and
 * MODP are done on EC_POINT and BIGNUM, with the checks that RFC 6989 asks
 * for and no more; X25519 has no other door than EVP_PKEY.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include "gikev2/gikev2.h"
#include "gikev2/gikev2_crypto_private.h"

#define PRIVATE_MAX 66
#define POINT_MAX (1 + 2 * 66) /* form, x, y */

/* A draw is out of range once in 2^32 times: so many mean a broken source. */
#define DRAWS_MAX 16

enum kind {
	X25519,
	ECP,
	MODP,
	KEM,
};

/* The public entry is the first member, so that it leads back to its row. */
struct ke_row {
	struct gikev2_ke_alg alg;
	enum kind kind;
	size_t index; /* into curves, primes and what `crypto` makes of them */
};

/* MODP private values have over twice the bits of the group's strength. */
static const struct ke_row rows[] = {
	{ { 14, "MODP_2048", 256, 256, 256, 32 }, MODP, 0 },
	{ { 15, "MODP_3072", 384, 384, 384, 36 }, MODP, 1 },
	{ { 16, "MODP_4096", 512, 512, 512, 42 }, MODP, 2 },
	{ { 19, "ECP_256", 64, 64, 32, 32 }, ECP, 0 },
	{ { 20, "ECP_384", 96, 96, 48, 48 }, ECP, 1 },
	{ { 21, "ECP_521", 132, 132, 66, 66 }, ECP, 2 },
	{ { 31, "CURVE25519", 32, 32, 32, 32 }, X25519, 0 },
	/* names as OpenSSL has them */
	{ { 35, "ML-KEM-512", 800, 768, 32, GIKEV2_KEM_SEED_LEN }, KEM, 0 },
	{ { 36, "ML-KEM-768", 1184, 1088, 32, GIKEV2_KEM_SEED_LEN }, KEM, 0 },
	{ { 37, "ML-KEM-1024", 1568, 1568, 32, GIKEV2_KEM_SEED_LEN }, KEM, 0 },
};

static const int curves[GIKEV2_ECPS] = {
	NID_X9_62_prime256v1,
	NID_secp384r1,
	NID_secp521r1,
};

static BIGNUM *(*const primes[GIKEV2_MODPS])(BIGNUM *bn) = {
	BN_get_rfc3526_prime_2048,
	BN_get_rfc3526_prime_3072,
	BN_get_rfc3526_prime_4096,
};

struct gikev2_ke {
	struct gikev2_crypto *crypto;
	const struct ke_row *row;
	EVP_PKEY *key;	 /* X25519, KEM */
	BIGNUM *private; /* ECP, MODP */
	uint8_t public[];
};

/* -------------------------------------------------- what this OpenSSL has */

static CRYPTO_ONCE probe_once = CRYPTO_ONCE_STATIC_INIT;
static bool provided[ARRAY_LEN(rows)];

static bool probe_row(const struct ke_row *row)
{
	EVP_KEYMGMT *x25519;
	EC_GROUP *group;
	bool found;

	switch (row->kind) {
	case X25519:
		x25519 = EVP_KEYMGMT_fetch(NULL, "X25519", NULL);
		found = x25519 != NULL;
		EVP_KEYMGMT_free(x25519);
		return found;
	case ECP:
		group = EC_GROUP_new_by_curve_name(curves[row->index]);
		found = group != NULL;
		EC_GROUP_free(group);
		return found;
	case MODP:
		return true;
	case KEM:
		return gikev2_kem_provided(row->alg.name);
	}
	return false;
}

static void probe(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		provided[i] = probe_row(&rows[i]);
	ERR_clear_error();
}

const struct gikev2_ke_alg *gikev2_ke_find(uint16_t id)
{
	CRYPTO_THREAD_run_once(&probe_once, probe);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].alg.id == id)
			return provided[i] ? &rows[i].alg : NULL;
	return NULL;
}

bool gikev2_ke_provided(uint16_t id)
{
	return gikev2_ke_find(id) != NULL;
}

const char *gikev2_ke_name(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].alg.id == id)
			return rows[i].alg.name;
	return NULL;
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b) &&
		    !(strchr("-_", *a) && strchr("-_", *b)))
			return false;
	return *a == *b;
}

uint16_t gikev2_ke_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (same_name(rows[i].alg.name, name))
			return rows[i].alg.id;
	return 0;
}

/* ------------------------------------------------------------------ groups */

static EVP_PKEY_CTX *x25519_importer(struct gikev2_crypto *crypto)
{
	if (crypto->x25519)
		return crypto->x25519;
	crypto->x25519 = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	if (crypto->x25519 && EVP_PKEY_fromdata_init(crypto->x25519) <= 0) {
		EVP_PKEY_CTX_free(crypto->x25519);
		crypto->x25519 = NULL;
	}
	return crypto->x25519;
}

static const EC_GROUP *ecp_group(const struct gikev2_ke *ke)
{
	EC_GROUP **group = &ke->crypto->ecp[ke->row->index];

	if (!*group)
		*group = EC_GROUP_new_by_curve_name(curves[ke->row->index]);
	return *group;
}

static void modp_group_free(struct gikev2_modp *modp)
{
	BN_free(modp->prime);
	BN_free(modp->prime_minus_1);
	BN_MONT_CTX_free(modp->mont);
	memset(modp, 0, sizeof(*modp));
}

static const struct gikev2_modp *modp_group(const struct gikev2_ke *ke,
					    BN_CTX *bn_ctx)
{
	struct gikev2_modp *modp = &ke->crypto->modp[ke->row->index];

	if (modp->mont)
		return modp;
	modp->prime = primes[ke->row->index](NULL);
	modp->prime_minus_1 = BN_dup(modp->prime);
	modp->mont = BN_MONT_CTX_new();
	if (modp->prime && modp->prime_minus_1 && modp->mont &&
	    BN_sub_word(modp->prime_minus_1, 1) &&
	    BN_MONT_CTX_set(modp->mont, modp->prime, bn_ctx))
		return modp;
	modp_group_free(modp);
	return NULL;
}

void gikev2_ke_fini(struct gikev2_crypto *crypto)
{
	EVP_PKEY_CTX_free(crypto->x25519);
	EVP_PKEY_free(crypto->x25519_peer);
	for (size_t i = 0; i < GIKEV2_ECPS; i++)
		EC_GROUP_free(crypto->ecp[i]);
	for (size_t i = 0; i < GIKEV2_MODPS; i++)
		modp_group_free(&crypto->modp[i]);
}

/* ------------------------------------------------------------------ X25519 */

static EVP_PKEY *x25519_import(struct gikev2_crypto *crypto, const char *what,
			       int selection, const uint8_t *octets)
{
	EVP_PKEY_CTX *importer = x25519_importer(crypto);
	EVP_PKEY *key = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(what, (void *)octets, 32),
		OSSL_PARAM_construct_end(),
	};

	if (!importer ||
	    EVP_PKEY_fromdata(importer, &key, selection, params) <= 0)
		return NULL;
	return key;
}

/* To make a key costs a tenth of a multiplication: all peers' values take turns in
 * one.  NULL: OpenSSL failed. */
static EVP_PKEY *x25519_peer(struct gikev2_crypto *crypto,
			     const uint8_t *octets)
{
	if (!crypto->x25519_peer)
		crypto->x25519_peer =
			x25519_import(crypto, OSSL_PKEY_PARAM_PUB_KEY,
				      EVP_PKEY_PUBLIC_KEY, octets);
	if (!crypto->x25519_peer ||
	    EVP_PKEY_set1_encoded_public_key(crypto->x25519_peer, octets, 32) <=
		    0)
		return NULL;
	return crypto->x25519_peer;
}

static int x25519_generate(struct gikev2_ke *ke, const uint8_t *octets)
{
	size_t len = 32;

	ke->key = x25519_import(ke->crypto, OSSL_PKEY_PARAM_PRIV_KEY,
				EVP_PKEY_KEYPAIR, octets);
	if (ke->key &&
	    EVP_PKEY_get_raw_public_key(ke->key, ke->public, &len) > 0)
		return 0;
	return gikev2_crypto_failed();
}

/* OpenSSL masks the top bit and refuses the all-zero secret (RFC 7748). */
static int x25519_derive(const struct gikev2_ke *ke, struct gikev2_chunk peer,
			 uint8_t *out)
{
	EVP_PKEY *key = x25519_peer(ke->crypto, peer.ptr);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ke->key, NULL);
	size_t len = 32;
	int ret = -GIKEV2_ERR_CRYPTO;

	if (key && ctx && EVP_PKEY_derive_init(ctx) > 0 &&
	    EVP_PKEY_derive_set_peer_ex(ctx, key, 0) > 0)
		ret = EVP_PKEY_derive(ctx, out, &len) > 0 ? 0
							  : -GIKEV2_ERR_BAD_KE;
	EVP_PKEY_CTX_free(ctx);
	if (ret)
		ERR_clear_error();
	return ret;
}

/* --------------------------------------------------------------------- ECP */

static int ecp_generate(struct gikev2_ke *ke, BN_CTX *bn_ctx)
{
	const EC_GROUP *group = ecp_group(ke);
	size_t len = 1 + (size_t)ke->row->alg.public_len;
	uint8_t octets[POINT_MAX];
	EC_POINT *point;
	int ret = -GIKEV2_ERR_CRYPTO;

	point = EC_POINT_new(group);
	if (point &&
	    EC_POINT_mul(group, point, ke->private, NULL, NULL, bn_ctx) &&
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
			       octets, sizeof(octets), bn_ctx) == len) {
		memcpy(ke->public, octets + 1, len - 1);
		ret = 0;
	}
	EC_POINT_free(point);
	return ret;
}

/* The shared secret is x alone (RFC 5903 section 9). */
static int ecp_multiply(const struct gikev2_ke *ke, const EC_POINT *point,
			uint8_t *out, BN_CTX *bn_ctx)
{
	const EC_GROUP *group = ecp_group(ke);
	EC_POINT *shared = EC_POINT_new(group);
	BIGNUM *x = BN_CTX_get(bn_ctx);
	int len = ke->row->alg.shared_len;
	int ret = -GIKEV2_ERR_CRYPTO;

	if (shared && x &&
	    EC_POINT_mul(group, shared, NULL, point, ke->private, bn_ctx) &&
	    EC_POINT_get_affine_coordinates(group, shared, x, NULL, bn_ctx) &&
	    BN_bn2binpad(x, out, len) == len)
		ret = 0;
	EC_POINT_clear_free(shared);
	return ret;
}

static int ecp_derive(const struct gikev2_ke *ke, struct gikev2_chunk peer,
		      uint8_t *out, BN_CTX *bn_ctx)
{
	const EC_GROUP *group = ecp_group(ke);
	EC_POINT *point = EC_POINT_new(group);
	uint8_t octets[POINT_MAX];
	int ret = -GIKEV2_ERR_CRYPTO;

	octets[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(octets + 1, peer.ptr, peer.len);
	/* Refuses what is off the curve.  The groups have prime order, so
	 * there is nothing more to check. */
	if (point &&
	    !EC_POINT_oct2point(group, point, octets, 1 + peer.len, bn_ctx))
		ret = -GIKEV2_ERR_BAD_KE;
	else if (point)
		ret = ecp_multiply(ke, point, out, bn_ctx);
	EC_POINT_free(point);
	return ret;
}

/* -------------------------------------------------------------------- MODP */

/* out = base ^ private, padded to the length of the prime. */
static int modp_power(const struct gikev2_ke *ke, const BIGNUM *base,
		      uint8_t *out, BN_CTX *bn_ctx)
{
	const struct gikev2_modp *modp = modp_group(ke, bn_ctx);
	BIGNUM *power = BN_CTX_get(bn_ctx);
	int len = ke->row->alg.shared_len;

	if (modp && power &&
	    BN_mod_exp_mont_consttime(power, base, ke->private, modp->prime,
				      bn_ctx, modp->mont) &&
	    BN_bn2binpad(power, out, len) == len)
		return 0;
	return -GIKEV2_ERR_CRYPTO;
}

static int modp_generate(struct gikev2_ke *ke, BN_CTX *bn_ctx)
{
	BIGNUM *generator = BN_CTX_get(bn_ctx);

	if (!generator || !BN_set_word(generator, 2))
		return -GIKEV2_ERR_CRYPTO;
	return modp_power(ke, generator, ke->public, bn_ctx);
}

static int modp_derive(const struct gikev2_ke *ke, struct gikev2_chunk peer,
		       uint8_t *out, BN_CTX *bn_ctx)
{
	const struct gikev2_modp *modp = modp_group(ke, bn_ctx);
	BIGNUM *base = BN_CTX_get(bn_ctx);

	if (!modp || !base || !BN_bin2bn(peer.ptr, (int)peer.len, base))
		return -GIKEV2_ERR_CRYPTO;
	if (BN_cmp(base, BN_value_one()) <= 0 ||
	    BN_cmp(base, modp->prime_minus_1) >= 0)
		return -GIKEV2_ERR_BAD_KE;
	return modp_power(ke, base, out, bn_ctx);
}

/* ------------------------------------------------------------ all of them */

/* BN_CTX_free() wipes the temporaries, so each operation has its own. */
static BN_CTX *bn_ctx_start(void)
{
	BN_CTX *bn_ctx = BN_CTX_new();

	if (bn_ctx)
		BN_CTX_start(bn_ctx);
	return bn_ctx;
}

static void bn_ctx_end(BN_CTX *bn_ctx)
{
	BN_CTX_end(bn_ctx);
	BN_CTX_free(bn_ctx);
}

/* ke->private = a number from 1 to limit - 1; NULL: no limit. */
static int draw(struct gikev2_ke *ke, const BIGNUM *limit,
		gikev2_random_fn random, void *arg)
{
	uint8_t octets[PRIVATE_MAX];
	size_t len = ke->row->alg.private_len;
	uint8_t mask = 0xff;
	int ret = -GIKEV2_ERR_NO_RANDOM;

	if (limit) /* P-521: 7 bits too many */
		mask >>= len * 8 - (size_t)BN_num_bits(limit);
	for (int i = 0; ret && i < DRAWS_MAX; i++) {
		if (random(arg, octets, len))
			break;
		octets[0] &= mask;
		if (!BN_bin2bn(octets, (int)len, ke->private)) {
			ret = -GIKEV2_ERR_NO_MEMORY;
			break;
		}
		if (!BN_is_zero(ke->private) &&
		    (!limit || BN_cmp(ke->private, limit) < 0))
			ret = 0;
	}
	OPENSSL_cleanse(octets, sizeof(octets));
	return ret;
}

static int generate_bn(struct gikev2_ke *ke, gikev2_random_fn random, void *arg)
{
	const EC_GROUP *group = NULL;
	BN_CTX *bn_ctx;
	int ret;

	ke->private = BN_secure_new();
	if (!ke->private)
		return -GIKEV2_ERR_NO_MEMORY;
	BN_set_flags(ke->private, BN_FLG_CONSTTIME);
	if (ke->row->kind == ECP) {
		group = ecp_group(ke);
		if (!group)
			return -GIKEV2_ERR_CRYPTO;
	}
	ret = draw(ke, group ? EC_GROUP_get0_order(group) : NULL, random, arg);
	if (ret)
		return ret;

	bn_ctx = bn_ctx_start();
	if (!bn_ctx)
		return -GIKEV2_ERR_NO_MEMORY;
	ret = group ? ecp_generate(ke, bn_ctx) : modp_generate(ke, bn_ctx);
	bn_ctx_end(bn_ctx);
	return ret;
}

/* Those whose private values are octets: X25519, KEM. */
static int generate_octets(struct gikev2_ke *ke, gikev2_random_fn random,
			   void *arg)
{
	const struct gikev2_ke_alg *alg = &ke->row->alg;
	uint8_t octets[PRIVATE_MAX];
	int ret;

	if (random(arg, octets, alg->private_len))
		return -GIKEV2_ERR_NO_RANDOM;
	if (ke->row->kind == KEM)
		ret = gikev2_kem_generate(alg->name, octets, &ke->key,
					  ke->public, alg->public_len);
	else
		ret = x25519_generate(ke, octets);
	OPENSSL_cleanse(octets, sizeof(octets));
	return ret;
}

int gikev2_ke_new(struct gikev2_crypto *crypto, const struct gikev2_ke_alg *alg,
		  gikev2_random_fn random, void *arg, struct gikev2_ke **ke)
{
	struct gikev2_ke *new = calloc(1, sizeof(*new) + alg->public_len);
	int ret;

	if (!new)
		return -GIKEV2_ERR_NO_MEMORY;
	new->crypto = crypto;
	new->row = (const struct ke_row *)alg;
	if (new->row->kind == X25519 || new->row->kind == KEM)
		ret = generate_octets(new, random, arg);
	else
		ret = generate_bn(new, random, arg);
	if (ret) {
		ERR_clear_error();
		gikev2_ke_free(new);
		return ret;
	}
	*ke = new;
	return 0;
}

int gikev2_ke_public(const struct gikev2_ke *ke, uint8_t *out)
{
	memcpy(out, ke->public, ke->row->alg.public_len);
	return 0;
}

static int derive_bn(const struct gikev2_ke *ke, struct gikev2_chunk peer,
		     uint8_t *out)
{
	BN_CTX *bn_ctx = bn_ctx_start();
	int ret;

	if (!bn_ctx)
		return -GIKEV2_ERR_NO_MEMORY;
	ret = ke->row->kind == ECP ? ecp_derive(ke, peer, out, bn_ctx)
				   : modp_derive(ke, peer, out, bn_ctx);
	bn_ctx_end(bn_ctx);
	return ret;
}

int gikev2_ke_derive(const struct gikev2_ke *ke, struct gikev2_chunk peer,
		     uint8_t *out)
{
	const struct gikev2_ke_alg *alg = &ke->row->alg;
	int ret;

	if (peer.len != alg->response_len)
		return -GIKEV2_ERR_BAD_KE;
	if (ke->row->kind == X25519)
		ret = x25519_derive(ke, peer, out);
	else if (ke->row->kind == KEM)
		ret = gikev2_kem_decapsulate(ke->key, peer, out,
					     alg->shared_len);
	else
		ret = derive_bn(ke, peer, out);
	if (ret)
		ERR_clear_error();
	return ret;
}

static int kem_respond(const struct gikev2_ke_alg *alg, gikev2_random_fn random,
		       void *arg, struct gikev2_chunk peer, uint8_t *public,
		       uint8_t *shared)
{
	struct gikev2_kem_out out = { public, shared, alg->response_len,
				      alg->shared_len };
	uint8_t entropy[GIKEV2_KEM_ENTROPY_LEN];
	int ret;

	if (peer.len != alg->public_len)
		return -GIKEV2_ERR_BAD_KE;
	if (random(arg, entropy, sizeof(entropy)))
		return -GIKEV2_ERR_NO_RANDOM;
	ret = gikev2_kem_encapsulate(alg->name, peer, entropy, &out);
	OPENSSL_cleanse(entropy, sizeof(entropy));
	if (ret)
		ERR_clear_error();
	return ret;
}

int gikev2_ke_respond(struct gikev2_crypto *crypto,
		      const struct gikev2_ke_alg *alg, gikev2_random_fn random,
		      void *arg, struct gikev2_chunk peer, uint8_t *public,
		      uint8_t *shared)
{
	struct gikev2_ke *ke = NULL;
	int ret;

	if (((const struct ke_row *)alg)->kind == KEM)
		return kem_respond(alg, random, arg, peer, public, shared);
	ret = gikev2_ke_new(crypto, alg, random, arg, &ke);
	if (ret == 0)
		ret = gikev2_ke_public(ke, public);
	if (ret == 0)
		ret = gikev2_ke_derive(ke, peer, shared);
	gikev2_ke_free(ke);
	return ret;
}

const struct gikev2_ke_alg *gikev2_ke_algorithm(const struct gikev2_ke *ke)
{
	return &ke->row->alg;
}

void gikev2_ke_free(struct gikev2_ke *ke)
{
	if (!ke)
		return;
	EVP_PKEY_free(ke->key); /* wipes */
	BN_clear_free(ke->private);
	free(ke);
}
