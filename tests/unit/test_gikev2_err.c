// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_err.c: texts and names of reasons.
 */
#include <limits.h>

#include "gikev2/gikev2_err.h"
#include "test_util.h"

static void texts(void **state)
{
	assert_string_equal(gikev2_err_text(0), "no error");
	assert_string_equal(gikev2_err_text(GIKEV2_ERR_BAD_ICV),
			    "integrity check failed");
	assert_string_equal(gikev2_err_text(-GIKEV2_ERR_BAD_ICV),
			    "integrity check failed");
#define X(name, text)                                                          \
	assert_string_equal(gikev2_err_text(GIKEV2_ERR_##name), text);         \
	assert_string_equal(gikev2_err_text(-GIKEV2_ERR_##name), text);
	GIKEV2_ERRORS(X)
#undef X
}

static void names(void **state)
{
	assert_string_equal(gikev2_err_name(0), "ok");
	assert_string_equal(gikev2_err_name(GIKEV2_ERR_BAD_SYNTAX),
			    "bad-syntax");
	assert_string_equal(gikev2_err_name(-GIKEV2_ERR_BAD_SYNTAX),
			    "bad-syntax");
	assert_string_equal(gikev2_err_name(-GIKEV2_ERR_UNKNOWN_SPI),
			    "unknown-spi");
	assert_string_equal(gikev2_err_name(-GIKEV2_ERR_HALF_OPEN_LIMIT),
			    "half-open-limit");
	assert_string_equal(gikev2_err_name(GIKEV2_ERR_DUPLICATE), "duplicate");
}

/* Names are keys of counters and of JSON: lower case, and no two alike. */
static void names_are_keys(void **state)
{
	for (int i = 0; i < GIKEV2_ERR_MAX; i++) {
		const char *name = gikev2_err_name(i);

		assert_ptr_equal(name, gikev2_err_name(-i));
		assert_true(strlen(name) > 0);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"),
				 strlen(name));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name, gikev2_err_name(j));
	}
}

static void out_of_range(void **state)
{
	static const int bad[] = { GIKEV2_ERR_MAX,     -GIKEV2_ERR_MAX,
				   GIKEV2_ERR_MAX + 1, INT_MAX,
				   -INT_MAX,	       INT_MIN };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_string_equal(gikev2_err_text(bad[i]), "unknown reason");
		assert_string_equal(gikev2_err_name(bad[i]), "unknown reason");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(names),
		cmocka_unit_test(names_are_keys),
		cmocka_unit_test(out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
