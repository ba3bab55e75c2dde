// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What unit tests share: cmocka itself, hex strings, and octets that come in
 * place of randomness.
 */
#ifndef TEST_UTIL_H
#define TEST_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEST_OCTETS_MAX 8192

/* Octets by value: nothing to free. */
struct test_octets {
	size_t len;
	uint8_t octets[TEST_OCTETS_MAX];
};

static inline int test_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Octets of a hex string; white space between digits is skipped. */
static inline struct test_octets test_hex(const char *hex)
{
	struct test_octets out = { 0 };
	size_t digits = 0;

	for (; *hex; hex++) {
		int digit = test_hex_digit(*hex);

		if (*hex == ' ' || *hex == '\n' || *hex == '\t')
			continue;
		if (digit < 0)
			fail_msg("not a hex digit: '%c'", *hex);
		if (digits / 2 >= sizeof(out.octets)) {
			fail_msg("over %zu octets", sizeof(out.octets));
			break; /* for those who do not know that it exits */
		}
		out.octets[digits / 2] =
			(uint8_t)(out.octets[digits / 2] << 4 | digit);
		digits++;
	}
	if (digits % 2)
		fail_msg("odd number of hex digits");
	out.len = digits / 2;
	return out;
}

/* Octets first, first + 1, first + 2, ... */
static inline struct test_octets test_sequence(uint8_t first, size_t len)
{
	struct test_octets out = { .len = len };

	assert_true(len <= sizeof(out.octets));
	for (size_t i = 0; i < len; i++)
		out.octets[i] = (uint8_t)(first + i);
	return out;
}

static inline struct test_octets test_join(struct test_octets a,
					   const struct test_octets *b)
{
	assert_true(a.len + b->len <= sizeof(a.octets));
	memcpy(a.octets + a.len, b->octets, b->len);
	a.len += b->len;
	return a;
}

/* Fails unless the `len` octets are those of the hex string. */
#define assert_hex_equal(actual, actual_len, hex)                              \
	do {                                                                   \
		struct test_octets want_ = test_hex(hex);                      \
		assert_int_equal((actual_len), want_.len);                     \
		assert_memory_equal((actual), want_.octets, want_.len);        \
	} while (0)

/*
 * Stands in for randomness: hands out given octets, and fails when they are
 * used up.
 */
struct test_random {
	const uint8_t *octets;
	size_t len;
	unsigned int calls;
};

static inline int test_random(void *arg, uint8_t *octets, size_t len)
{
	struct test_random *from = arg;

	from->calls++;
	if (len > from->len)
		return -1;
	memcpy(octets, from->octets, len);
	from->octets += len;
	from->len -= len;
	return 0;
}

/*
 * Reproducible octets without end (xorshift64*); *seed is the state and must
 * not be 0.  The same shape as test_random().
 */
static inline int test_prng(void *seed, uint8_t *octets, size_t len)
{
	uint64_t x = *(uint64_t *)seed;

	for (size_t i = 0; i < len; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		octets[i] = (uint8_t)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 56);
	}
	*(uint64_t *)seed = x;
	return 0;
}

#endif /* TEST_UTIL_H */
