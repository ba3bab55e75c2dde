// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key server's list of members: found by identity, however many there are.
 */
#include <stdlib.h>

#include "gikev2/gikev2_state.h"
#include "gikev2/gikev2_wait.h"
#include "test_bare.h"

#define SECOND GIKEV2_SECOND
#define NOW (5000 * SECOND)
#define MANY 1000
/* more than are looked at in one go */
#define CROWD 3000

struct list {
	struct bare *bare;
	struct gikev2_group *group;
	struct gikev2_gms *gms;
	struct gikev2_ike ike; /* what they all registered over */
};

static struct gikev2_id name_of(unsigned int number)
{
	struct gikev2_id id = { .type = GIKEV2_ID_FQDN };

	id.len = snprintf((char *)id.data, sizeof(id.data), "r%u.example",
			  number);
	return id;
}

static struct list *list_new(void)
{
	struct gikev2_group_config config = {
		.id = { .type = GIKEV2_ID_KEY_ID, .len = 1, .data = { 'g' } },
		.protocols = { { 201, KEYTABLE_HMAC_SHA_256, 3600 } },
		.protocol_count = 1,
		.atd = 5,
		.dtd = 15,
	};
	struct list *list = calloc(1, sizeof(*list));

	assert_non_null(list);
	list->bare = bare_new();
	list->group = gikev2_group_add(list->bare->engine, NULL, &config, NOW);
	assert_non_null(list->group);
	list->gms = gikev2_group_gms(list->group);
	list->ike.engine = list->bare->engine;
	return list;
}

static void list_free(struct list *list)
{
	bare_free(list->bare);
	free(list);
}

static struct gikev2_gm *add(struct list *list, unsigned int number)
{
	struct gikev2_id id = name_of(number);
	struct gikev2_gm *gm;

	list->ike.peer = &id;
	gm = gikev2_gm_new(list->group, &list->ike, NOW);
	list->ike.peer = NULL;
	return gm;
}

static unsigned int count(struct list *list, unsigned int number)
{
	struct gikev2_id id = name_of(number);
	struct gikev2_gm *gm = NULL;
	unsigned int found = 0;

	while ((gm = gikev2_gm_find(list->group, &id, gm))) {
		assert_true(gikev2_id_equal(gm->id, &id));
		found++;
	}
	return found;
}

/* A roll has begun, and waits for a crowd that has lost its SAs. */
static struct list *list_waiting(void)
{
	struct list *list = list_new();
	struct gikev2_generation *gen;

	list->group->config.rekey.wait = 300;
	gen = gikev2_youngest(&list->group->generations);
	for (unsigned int i = 0; i < CROWD; i++) {
		struct gikev2_gm *gm = gikev2_gm_empty(list->group);
		struct gikev2_id id = name_of(i);

		assert_non_null(gm);
		gm->id = gikev2_id_dup(&id);
		assert_non_null(gm->id);
		gikev2_gm_name(gm);
		gm->away = gm->profile = true;
		assert_int_equal(gikev2_gm_insert(gm, NULL), 0);
	}
	list->group->aways = true;
	/* as a roll has it */
	gen->atd_end = NOW + 305 * SECOND;
	gikev2_wait_begin(list->group, 300 * SECOND, NOW);
	assert_int_equal(gen->stage, GIKEV2_STAGE_ANNOUNCED);
	return list;
}

static struct gikev2_gm *oldest(struct list *list)
{
	struct gikev2_gm *gm = list->gms->first;

	while (gm->next)
		gm = gm->next;
	return gm;
}

/* Lets the group's deadlines pass until then; how many there were. */
static unsigned int run_until(struct list *list, uint64_t until)
{
	unsigned int runs = 0;
	uint64_t at;

	while ((at = gikev2_wait_next(list->group)) <= until) {
		assert_int_equal(gikev2_wait_run(list->group, at), 0);
		runs++;
	}
	return runs;
}

static void acknowledge(struct list *list, struct gikev2_gm *gm, uint64_t now)
{
	gm->acked = list->group->generations.changes;
	gikev2_wait_changed(list->group, now);
}

/* Whoever is missing is found at the end of the list, and whoever is new at its
 * beginning, with others' turns in between. */
static void waited_for_in_slices(void **state)
{
	struct list *list = list_waiting();
	struct gikev2_generation *gen =
		gikev2_youngest(&list->group->generations);
	struct gikev2_gm *last = oldest(list);

	(void)state;
	for (struct gikev2_gm *gm = list->gms->first; gm != last; gm = gm->next)
		acknowledge(list, gm, NOW);
	assert_true(run_until(list, NOW + SECOND) > 2);
	assert_int_equal(gen->stage, GIKEV2_STAGE_ANNOUNCED);
	/* one that was passed is missing again */
	list->gms->first->acked = 0;
	list->gms->first->late = true;
	gikev2_wait_again(list->gms->first);
	acknowledge(list, last, NOW + SECOND);
	run_until(list, NOW + 2 * SECOND);
	assert_int_equal(gen->stage, GIKEV2_STAGE_ANNOUNCED);
	acknowledge(list, list->gms->first, NOW + 2 * SECOND);
	assert_true(run_until(list, NOW + 3 * SECOND) > 2);
	assert_int_equal(gen->stage, GIKEV2_STAGE_SWITCHING);
	/* that has to be acknowledged, too */
	run_until(list, NOW + 20 * SECOND);
	assert_int_equal(gen->stage, GIKEV2_STAGE_SWITCHING);
	list_free(list);
}

/* Whom the walk stands at may go. */
static void missing_one_goes(void **state)
{
	struct list *list = list_waiting();
	struct gikev2_generation *gen =
		gikev2_youngest(&list->group->generations);
	struct gikev2_gm *last = oldest(list), *before = last->prev;

	(void)state;
	for (struct gikev2_gm *gm = list->gms->first; gm != before;
	     gm = gm->next)
		acknowledge(list, gm, NOW);
	run_until(list, NOW + SECOND);
	gikev2_gm_end(before, -GIKEV2_ERR_ADMIN, NOW + SECOND);
	run_until(list, NOW + 2 * SECOND);
	assert_int_equal(gen->stage, GIKEV2_STAGE_ANNOUNCED);
	gikev2_gm_end(last, -GIKEV2_ERR_ADMIN, NOW + 2 * SECOND);
	run_until(list, NOW + 3 * SECOND);
	assert_int_equal(gen->stage, GIKEV2_STAGE_SWITCHING);
	list_free(list);
}

static void given_up_in_slices(void **state)
{
	struct list *list = list_waiting();
	struct gikev2_generation *gen =
		gikev2_youngest(&list->group->generations);

	(void)state;
	run_until(list, NOW + 299 * SECOND);
	assert_int_equal(list->gms->count, CROWD);
	assert_true(run_until(list, NOW + 310 * SECOND) > CROWD / 64);
	assert_int_equal(gen->stage, GIKEV2_STAGE_SETTLED);
	/* who is away then is gone */
	assert_int_equal(list->gms->count, 0);
	assert_int_equal(list->gms->foreign, 0);
	list_free(list);
}

static void nobody_there(void **state)
{
	struct list *list = list_new();

	(void)state;
	assert_int_equal(count(list, 0), 0);
	assert_int_equal(list->gms->count, 0);
	list_free(list);
}

static void found_among_many(void **state)
{
	struct list *list = list_new();

	(void)state;
	for (unsigned int i = 0; i < MANY; i++) {
		assert_non_null(add(list, i));
		/* every third is registered twice for a moment */
		if (i % 3 == 0)
			assert_non_null(add(list, i));
		/* wherever they are while buckets are added one by one */
		for (unsigned int j = i % 7; j <= i; j += 7)
			assert_int_equal(count(list, j), j % 3 ? 1 : 2);
	}
	for (unsigned int i = 0; i < MANY; i++)
		assert_int_equal(count(list, i), i % 3 ? 1 : 2);
	assert_int_equal(count(list, MANY), 0);
	assert_true(list->gms->bucket_count >= MANY);
	list_free(list);
}

static void older_ones_end(void **state)
{
	struct list *list = list_new();
	struct gikev2_gm *newest;

	(void)state;
	add(list, 7);
	add(list, 7);
	add(list, 8);
	newest = add(list, 7);
	gikev2_gm_end_older(newest, NOW);
	assert_int_equal(count(list, 7), 1);
	assert_int_equal(count(list, 8), 1);
	assert_int_equal(list->gms->count, 2);
	assert_int_equal(list->bare->events[GIKEV2_EVENT_MEMBER_GONE], 2);
	list_free(list);
}

static void gone_from_the_middle(void **state)
{
	struct list *list = list_new();

	(void)state;
	for (unsigned int i = 0; i < MANY; i++)
		add(list, i);
	for (unsigned int i = 0; i < MANY; i += 2) {
		struct gikev2_id id = name_of(i);

		gikev2_gm_free(gikev2_gm_find(list->group, &id, NULL));
	}
	for (unsigned int i = 0; i < MANY; i++)
		assert_int_equal(count(list, i), i % 2);
	assert_int_equal(list->gms->count, MANY / 2);
	list_free(list);
}

/* The hash stays as it was, and everybody is still found. */
static void no_randomness_to_grow(void **state)
{
	struct list *list = list_new();

	(void)state;
	list->bare->exhausted = true;
	for (unsigned int i = 0; i < MANY; i++)
		assert_non_null(add(list, i));
	for (unsigned int i = 0; i < MANY; i++)
		assert_int_equal(count(list, i), 1);
	assert_true(gikev2_counters(list->bare->engine)[GIKEV2_ERR_NO_RANDOM] >
		    0);
	list_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(found_among_many),
		cmocka_unit_test(older_ones_end),
		cmocka_unit_test(gone_from_the_middle),
		cmocka_unit_test(no_randomness_to_grow),
		cmocka_unit_test(waited_for_in_slices),
		cmocka_unit_test(missing_one_goes),
		cmocka_unit_test(given_up_in_slices),
	};

	return cmocka_run_group_tests_name("gm", tests, NULL, NULL);
}
