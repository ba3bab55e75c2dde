// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of the engine's cryptography share: an engine context for
 * each test, and the shapes of the rows in crypto_vectors.h.
 */
#ifndef TEST_CRYPTO_UTIL_H
#define TEST_CRYPTO_UTIL_H

#include "gikev2/gikev2_crypto.h"
#include "test_util.h"

struct seal_vector {
	uint16_t encr, key_bits, integ;
	size_t aad_len;
	const char *sk_e, *sk_a, *message, *sealed;
};

struct prf_plus_vector {
	uint16_t prf;
	size_t len;
	const char *key, *seed, *sha256;
};

struct wrap_vector {
	uint16_t kwa;
	const char *kwk, *plain, *wrapped;
};

struct ke_vector {
	uint16_t id;
	const char *private_i, *private_r, *public_i, *public_r, *shared;
};

static inline int crypto_setup(void **state)
{
	*state = gikev2_crypto_new();
	return *state ? 0 : -1;
}

static inline int crypto_teardown(void **state)
{
	gikev2_crypto_free(*state);
	return 0;
}

#define crypto_test(function)                                                  \
	cmocka_unit_test_setup_teardown(function, crypto_setup, crypto_teardown)

static inline struct gikev2_chunk chunk(const struct test_octets *octets)
{
	return (struct gikev2_chunk){ octets->octets, octets->len };
}

#endif /* TEST_CRYPTO_UTIL_H */
