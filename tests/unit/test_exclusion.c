// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd/mrkm_exclusion.c: who is out, why, and that this outlives the process.
 */
#include <zebra.h>

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_exclusion.h"
#include "mrkmd/mrkm_state.h"
#include "test_util.h"

DEFINE_MGROUP(MRKMD, "test");

/* What the module works with, in small. */
static struct {
	const char *members[4]; /* by configuration; NULL: no more */
	struct {
		uint8_t key[2 * GIKEV2_ID_MAX], value[MRKM_PROBLEM_SIZE + 16];
		size_t key_len, value_len;
	} records[8];
	size_t record_count;
	int load_err;
	int exclude_ret;
	unsigned int excluded; /* times that the engine was told */
	char events[256];
} fake;

static struct gikev2_id name(const char *text)
{
	struct gikev2_id id = { .type = GIKEV2_ID_FQDN, .len = strlen(text) };

	memcpy(id.data, text, id.len);
	return id;
}

const struct mrkm_ks_member *mrkm_ks_member_find(const struct mrkm_ks_group *g,
						 const struct gikev2_id *id)
{
	static const struct mrkm_ks_member member;

	for (size_t i = 0; fake.members[i]; i++)
		if (strlen(fake.members[i]) == id->len &&
		    !memcmp(fake.members[i], id->data, id->len))
			return &member;
	return NULL;
}

void mrkm_event_member(const char *event, const struct mrkm_ks_group *group,
		       const struct gikev2_id *identity, const char *reason)
{
	size_t used = strlen(fake.events);

	snprintf(fake.events + used, sizeof(fake.events) - used, "%s %.*s; ",
		 event, identity->len, identity->data);
}

int gikev2_group_exclude(struct gikev2_group *group, const struct gikev2_id *id,
			 uint64_t now)
{
	fake.excluded++;
	return fake.exclude_ret;
}

uint64_t mrkm_now(void)
{
	return 1;
}

static bool begins(size_t i, const uint8_t *key, size_t key_len)
{
	return fake.records[i].key_len >= key_len &&
	       !memcmp(fake.records[i].key, key, key_len);
}

void mrkm_state_keep(enum mrkm_keep kind, const uint8_t *key, size_t key_len,
		     const uint8_t *value, size_t value_len)
{
	assert_int_equal(kind, MRKM_KEEP_EXCLUSION);
	for (size_t i = 0; i < fake.record_count;)
		if (begins(i, key, key_len))
			fake.records[i] = fake.records[--fake.record_count];
		else
			i++;
	if (!value)
		return;
	assert_true(fake.record_count < array_size(fake.records));
	memcpy(fake.records[fake.record_count].key, key, key_len);
	memcpy(fake.records[fake.record_count].value, value, value_len);
	fake.records[fake.record_count].key_len = key_len;
	fake.records[fake.record_count++].value_len = value_len;
}

int mrkm_state_load(void *arg, enum gikev2_record_kind kind, const uint8_t *key,
		    size_t key_len, gikev2_record_fn visit, void *visit_arg)
{
	int ret = fake.load_err;

	for (size_t i = 0; ret == 0 && i < fake.record_count; i++) {
		struct gikev2_record record = {
			.kind = kind,
			.key = fake.records[i].key,
			.key_len = fake.records[i].key_len,
			.value = fake.records[i].value,
			.value_len = fake.records[i].value_len,
		};

		if (begins(i, key, key_len))
			ret = visit(visit_arg, &record);
	}
	return ret;
}

/* ---------------------------------------------------------------------- scene */

static struct mrkm_ks_group core, edge;

static void begin_group(struct mrkm_ks_group *group, const char *id)
{
	memset(group, 0, sizeof(*group));
	mrkm_exclusions_init(&group->exclusions);
	strlcpy(group->config.name, id, sizeof(group->config.name));
	group->config.engine.id = name(id);
	group->group = (struct gikev2_group *)group; /* it is served */
}

static int setup(void **state)
{
	memset(&fake, 0, sizeof(fake));
	fake.members[0] = "r1";
	fake.members[1] = "r2";
	begin_group(&core, "CORE");
	begin_group(&edge, "EDGE");
	return 0;
}

static int teardown(void **state)
{
	mrkm_exclusions_free(&core);
	mrkm_exclusions_free(&edge);
	return 0;
}

/* The process ends and another one begins. */
static bool restart(void)
{
	mrkm_exclusions_free(&core);
	mrkm_exclusions_free(&edge);
	return mrkm_exclusions_load(&core) && mrkm_exclusions_load(&edge);
}

static int exclude(struct mrkm_ks_group *group, const char *who, char *problem)
{
	struct gikev2_id id = name(who);

	return mrkm_exclude_member(group, &id, problem, MRKM_PROBLEM_SIZE);
}

static int readmit(struct mrkm_ks_group *group, const char *who, char *problem)
{
	struct gikev2_id id = name(who);

	return mrkm_readmit_member(group, &id, problem, MRKM_PROBLEM_SIZE);
}

static bool bars(const struct mrkm_ks_group *group, const char *who)
{
	struct gikev2_id id = name(who);

	return mrkm_exclusion_bars(group, &id);
}

static const struct mrkm_exclusion *find(const struct mrkm_ks_group *group,
					 const char *who)
{
	struct gikev2_id id = name(who);

	return mrkm_exclusion_find(group, &id);
}

static void revoked(struct mrkm_ks_group *group, const char *who)
{
	struct gikev2_id id = name(who);

	mrkm_exclude_revoked(group, &id, "its certificate is revoked");
}

static void registered(struct mrkm_ks_group *group, const char *who)
{
	struct gikev2_id id = name(who);

	mrkm_exclusion_registered(group, &id);
}

/* ---------------------------------------------------------------------- tests */

static void by_command(void **state)
{
	char problem[MRKM_PROBLEM_SIZE] = "";
	int64_t before = time(NULL);

	assert_int_equal(exclude(&core, "r1", problem), 0);
	assert_true(bars(&core, "r1"));
	assert_false(bars(&core, "r2"));
	assert_false(bars(&edge, "r1"));
	assert_int_equal(fake.excluded, 1);
	assert_string_equal(find(&core, "r1")->reason, "by command");
	assert_in_range(find(&core, "r1")->since, before, time(NULL));
	/* registering does not help him */
	registered(&core, "r1");
	assert_true(bars(&core, "r1"));
	assert_int_equal(exclude(&core, "r1", problem), -1);
	assert_non_null(strstr(problem, "excluded from group CORE already"));
	assert_int_equal(fake.excluded, 1);
	assert_int_equal(readmit(&core, "r1", problem), 0);
	assert_null(find(&core, "r1"));
	assert_int_equal(fake.record_count, 0);
	assert_string_equal(fake.events,
			    "member-excluded r1; member-readmitted r1; ");
}

static void refusals(void **state)
{
	char problem[MRKM_PROBLEM_SIZE];

	assert_int_equal(exclude(&core, "r9", problem), -1);
	assert_non_null(strstr(problem, "r9 is no member of group CORE"));
	assert_non_null(strstr(problem, "show mrkm key-server members"));
	assert_int_equal(readmit(&core, "r1", problem), -1);
	assert_non_null(strstr(problem, "r1 is not excluded"));
	assert_int_equal(fake.record_count, 0);
	assert_string_equal(fake.events, "");
}

/* He is out all the same, and that is kept. */
static void keys_stay(void **state)
{
	char problem[MRKM_PROBLEM_SIZE];

	fake.exclude_ret = -GIKEV2_ERR_NO_MEMORY;
	assert_int_equal(exclude(&core, "r1", problem), -1);
	assert_non_null(strstr(problem, "were not replaced"));
	assert_true(restart());
	assert_true(bars(&core, "r1"));
	/* a group that is not served has no keys that he knows */
	core.group = NULL;
	assert_int_equal(exclude(&core, "r2", problem), 0);
	assert_int_equal(fake.excluded, 1);
}

static void survives(void **state)
{
	char problem[MRKM_PROBLEM_SIZE];
	int64_t since;

	assert_int_equal(exclude(&core, "r1", problem), 0);
	revoked(&core, "r2");
	assert_int_equal(exclude(&edge, "r2", problem), 0);
	since = find(&core, "r1")->since;
	assert_true(restart());
	assert_true(bars(&core, "r1"));
	assert_int_equal(find(&core, "r1")->since, since);
	assert_string_equal(find(&core, "r1")->reason, "by command");
	assert_int_equal(find(&core, "r2")->cause, MRKM_EXCLUDED_REVOKED);
	assert_string_equal(find(&core, "r2")->reason,
			    "its certificate is revoked");
	assert_true(bars(&edge, "r2"));
	assert_null(find(&edge, "r1"));
	/* a group that is gone for good takes its own with it, no others */
	mrkm_exclusions_forget(&core);
	assert_true(restart());
	assert_null(find(&core, "r1"));
	assert_true(bars(&edge, "r2"));
}

/* Until it comes with another certificate. */
static void by_revocation(void **state)
{
	char problem[MRKM_PROBLEM_SIZE];

	revoked(&core, "r1");
	assert_non_null(find(&core, "r1"));
	assert_false(bars(&core, "r1"));
	registered(&core, "r2");
	assert_non_null(find(&core, "r1"));
	registered(&core, "r1");
	assert_null(find(&core, "r1"));
	assert_int_equal(fake.record_count, 0);
	/* a command is the stronger of the two, whichever comes first */
	revoked(&core, "r1");
	assert_int_equal(exclude(&core, "r1", problem), 0);
	assert_true(bars(&core, "r1"));
	revoked(&core, "r1");
	assert_true(bars(&core, "r1"));
	assert_true(restart());
	assert_true(bars(&core, "r1"));
	assert_int_equal(fake.record_count, 1);
}

/* Whom no line of the configuration fits any more, but nobody else. */
static void pruned(void **state)
{
	char problem[MRKM_PROBLEM_SIZE];

	assert_int_equal(exclude(&core, "r1", problem), 0);
	assert_int_equal(exclude(&core, "r2", problem), 0);
	fake.members[0] = "r2";
	fake.members[1] = NULL;
	mrkm_exclusions_prune(&core);
	assert_null(find(&core, "r1"));
	assert_true(bars(&core, "r2"));
	assert_true(restart());
	assert_null(find(&core, "r1"));
	assert_true(bars(&core, "r2"));
}

/* Nobody may be served when it is not known who is out. */
static void damaged(void **state)
{
	char problem[MRKM_PROBLEM_SIZE];

	assert_int_equal(exclude(&core, "r1", problem), 0);
	fake.load_err = -GIKEV2_ERR_STATE;
	assert_false(restart());
	fake.load_err = 0;
	for (size_t len = 0; len < 9; len++) {
		fake.records[0].value_len = len;
		assert_false(restart());
	}
	fake.records[0].value_len = 9;
	assert_true(restart());
	assert_string_equal(find(&core, "r1")->reason, "");
	fake.records[0].key_len--;
	assert_false(restart());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_command, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(survives, setup, teardown),
		cmocka_unit_test_setup_teardown(by_revocation, setup, teardown),
		cmocka_unit_test_setup_teardown(pruned, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged, setup, teardown),
	};

	return cmocka_run_group_tests_name("exclusion", tests, NULL, NULL);
}
