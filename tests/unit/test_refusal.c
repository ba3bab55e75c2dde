// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd/mrkm_refusal.c: who was refused lately, however many there are.
 */
#include "mrkmd/mrkm_refusal.h"
#include "test_util.h"

static const int core, edge; /* groups are told apart by their addresses */
static const struct gikev2_endpoint remote = { .family = 4, .port = 848 };

static struct gikev2_id name(unsigned int n)
{
	struct gikev2_id id = { .type = GIKEV2_ID_FQDN };

	id.len = snprintf((char *)id.data, sizeof(id.data), "r%u", n);
	return id;
}

static void note(const void *group, unsigned int n, uint64_t now)
{
	struct gikev2_id id = name(n);

	mrkm_refusal_note(group, &id, &remote, "authentication failed", now);
}

static bool known(const void *group, unsigned int n)
{
	struct gikev2_id id = name(n);

	return mrkm_refusal_find(group, &id) != NULL;
}

static size_t count(const void *group)
{
	size_t n = 0;

	while (mrkm_refusal_get(group, n))
		n++;
	return n;
}

static int clear(void **state)
{
	mrkm_refusal_forget(&core, NULL);
	mrkm_refusal_forget(&edge, NULL);
	return 0;
}

static void repeated(void **state)
{
	struct gikev2_id id = name(1);
	const struct mrkm_refusal *refusal;

	note(&core, 1, 10);
	mrkm_refusal_note(&core, &id, &remote, "certificate has expired", 20);
	refusal = mrkm_refusal_find(&core, &id);
	assert_int_equal(refusal->count, 2);
	assert_int_equal(refusal->when, 20);
	assert_string_equal(refusal->reason, "certificate has expired");
	assert_int_equal(refusal->remote.port, 848);
	assert_int_equal(count(&core), 1);
	assert_int_equal(count(&edge), 0);
	assert_false(known(&edge, 1));
}

static void let_in(void **state)
{
	struct gikev2_id id = name(1);

	note(&core, 1, 10);
	note(&edge, 1, 10);
	mrkm_refusal_forget(&core, &id);
	assert_false(known(&core, 1));
	assert_true(known(&edge, 1));
}

static void nameless(void **state)
{
	mrkm_refusal_note(&core, NULL, &remote, "no answer", 10);
	assert_int_equal(count(&core), 0);
}

static void the_last_ones(void **state)
{
	for (unsigned int n = 1; n <= 3 * MRKM_REFUSALS_MAX; n++)
		note(&core, n, n);
	assert_int_equal(count(&core), MRKM_REFUSALS_MAX);
	assert_true(known(&core, 3 * MRKM_REFUSALS_MAX));
	assert_true(known(&core, 2 * MRKM_REFUSALS_MAX + 1));
	assert_false(known(&core, 2 * MRKM_REFUSALS_MAX));
}

static void long_reason(void **state)
{
	char text[2 * GIKEV2_PROBLEM_MAX];
	struct gikev2_id id = name(1);

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	mrkm_refusal_note(&core, &id, &remote, text, 10);
	assert_int_equal(strlen(mrkm_refusal_find(&core, &id)->reason),
			 GIKEV2_PROBLEM_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(repeated, clear),
		cmocka_unit_test_teardown(let_in, clear),
		cmocka_unit_test_teardown(nameless, clear),
		cmocka_unit_test_teardown(the_last_ones, clear),
		cmocka_unit_test_teardown(long_reason, clear),
	};

	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
