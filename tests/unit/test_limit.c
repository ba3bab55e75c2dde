// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits of log lines: a flood is one line, and none of it is forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mrkmd/mrkm_limit.h"

#define START UINT64_C(123456789)

static void flood_is_one_line(void **state)
{
	struct mrkm_limiter limiter = { 0 };
	uint64_t suppressed = 99;

	assert_true(mrkm_limiter_pass(&limiter, 1, START, &suppressed));
	assert_int_equal(suppressed, 0);
	for (uint64_t i = 1; i < MRKM_LIMIT_WINDOW; i += 1000)
		assert_false(
			mrkm_limiter_pass(&limiter, 1, START + i, &suppressed));
	assert_true(mrkm_limiter_pass(&limiter, 1, START + MRKM_LIMIT_WINDOW,
				      &suppressed));
	assert_int_equal(suppressed, MRKM_LIMIT_WINDOW / 1000);
}

static void suppressed_are_told_once(void **state)
{
	struct mrkm_limiter limiter = { 0 };
	uint64_t suppressed;

	mrkm_limiter_pass(&limiter, 1, START, &suppressed);
	mrkm_limiter_pass(&limiter, 1, START + 1, &suppressed);
	assert_true(mrkm_limiter_pass(&limiter, 1, START + MRKM_LIMIT_WINDOW,
				      &suppressed));
	assert_int_equal(suppressed, 1);
	assert_true(mrkm_limiter_pass(
		&limiter, 1, START + 2 * MRKM_LIMIT_WINDOW, &suppressed));
	assert_int_equal(suppressed, 0);
}

static void as_many_as_allowed(void **state)
{
	struct mrkm_limiter limiter = { 0 };
	uint64_t suppressed;

	for (int i = 0; i < 20; i++)
		assert_true(mrkm_limiter_pass(&limiter, 20, START + i,
					      &suppressed));
	assert_false(mrkm_limiter_pass(&limiter, 20, START + 20, &suppressed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flood_is_one_line),
		cmocka_unit_test(suppressed_are_told_once),
		cmocka_unit_test(as_many_as_allowed),
	};

	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
