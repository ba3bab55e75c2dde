// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deadlines: the heap against a list that is searched from end to end.
 */
#include <stdlib.h>

#include "gikev2/gikev2.h"
#include "gikev2/gikev2_timer.h"
#include "test_util.h"

#define TIMERS 200
#define OPERATIONS 10000

/* A timer and what a list would know of it. */
struct model {
	struct gikev2_timer timer;
	uint64_t at; /* GIKEV2_NEVER: not armed */
	unsigned int fired;
	uint64_t rearm; /* by its owner, when it fires; 0: not */
	struct bench *bench;
};

struct bench {
	struct gikev2_timers timers;
	struct model model[TIMERS];
	uint64_t seed, now, last;
};

static uint32_t draw(struct bench *bench, uint32_t below)
{
	uint32_t octets;

	test_prng(&bench->seed, (uint8_t *)&octets, sizeof(octets));
	return octets % below;
}

static void fire(void *owner, uint64_t now)
{
	struct model *model = owner;

	assert_int_equal(now, model->bench->now);
	assert_int_equal(model->timer.slot, 0);
	assert_true(model->at <= now);
	assert_true(model->at >= model->bench->last);
	model->bench->last = model->at;
	model->at = GIKEV2_NEVER;
	model->fired++;
	if (model->rearm) {
		model->at = now + model->rearm;
		gikev2_timer_set(&model->bench->timers, &model->timer,
				 model->at);
	}
}

static struct bench *bench_new(size_t count)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->seed = 42;
	for (size_t i = 0; i < count; i++) {
		bench->model[i].bench = bench;
		bench->model[i].at = GIKEV2_NEVER;
		assert_int_equal(gikev2_timer_init(&bench->timers,
						   &bench->model[i].timer, fire,
						   &bench->model[i]),
				 0);
	}
	return bench;
}

static void bench_free(struct bench *bench)
{
	gikev2_timers_free(&bench->timers);
	free(bench);
}

/* Parents are not later than children, and each timer knows its slot. */
static void assert_heap(const struct gikev2_timers *timers)
{
	for (size_t i = 0; i < timers->armed; i++) {
		const struct gikev2_deadline *deadline = &timers->heap[i];

		assert_int_equal(deadline->timer->slot, i + 1);
		assert_int_equal(deadline->timer->at, deadline->at);
		if (i)
			assert_true(timers->heap[(i - 1) / 4].at <=
				    deadline->at);
	}
	assert_true(timers->armed <= timers->known);
	assert_true(timers->known <= timers->room);
}

static void assert_as_modelled(struct bench *bench)
{
	uint64_t earliest = GIKEV2_NEVER;
	size_t armed = 0;

	for (size_t i = 0; i < TIMERS; i++) {
		struct model *model = &bench->model[i];

		if (model->at < earliest)
			earliest = model->at;
		armed += model->at != GIKEV2_NEVER;
		assert_int_equal(model->timer.slot != 0,
				 model->at != GIKEV2_NEVER);
	}
	assert_int_equal(bench->timers.armed, armed);
	assert_int_equal(gikev2_timers_next(&bench->timers), earliest);
	assert_heap(&bench->timers);
}

static void set(struct bench *bench, struct model *model, uint64_t at)
{
	model->at = at;
	gikev2_timer_set(&bench->timers, &model->timer, at);
}

static void run(struct bench *bench, uint64_t now)
{
	bench->now = now;
	bench->last = 0;
	gikev2_timers_run(&bench->timers, now);
	for (size_t i = 0; i < TIMERS; i++)
		assert_true(bench->model[i].at > now);
}

static void random_operation(struct bench *bench)
{
	struct model *model = &bench->model[draw(bench, TIMERS)];
	uint32_t what = draw(bench, 16);

	if (what < 10) {
		/* few different instants, so that many are equal */
		set(bench, model, bench->now + 1 + draw(bench, 50));
	} else if (what < 12) {
		set(bench, model, GIKEV2_NEVER);
	} else if (what < 14) {
		model->rearm = draw(bench, 2) ? 1 + draw(bench, 30) : 0;
	} else if (what == 14) {
		gikev2_timer_fini(&bench->timers, &model->timer);
		assert_int_equal(gikev2_timer_init(&bench->timers,
						   &model->timer, fire, model),
				 0);
		model->at = GIKEV2_NEVER;
	} else {
		run(bench, bench->now + draw(bench, 8));
	}
}

static void random_operations(void **state)
{
	struct bench *bench = bench_new(TIMERS);
	unsigned int fired = 0;

	(void)state;
	for (int i = 0; i < OPERATIONS; i++) {
		random_operation(bench);
		assert_as_modelled(bench);
	}
	for (size_t i = 0; i < TIMERS; i++)
		fired += bench->model[i].fired;
	assert_true(fired > OPERATIONS / 20);
	bench_free(bench);
}

static void nothing_armed(void **state)
{
	struct bench *bench = bench_new(TIMERS);

	(void)state;
	assert_int_equal(gikev2_timers_next(&bench->timers), GIKEV2_NEVER);
	run(bench, GIKEV2_NEVER - 1);
	set(bench, &bench->model[0], GIKEV2_NEVER);
	assert_int_equal(bench->timers.armed, 0);
	bench_free(bench);
}

/* Arming never fails, so there is room for each before it is armed. */
static void room_for_all(void **state)
{
	struct bench *bench = bench_new(0);

	(void)state;
	for (size_t i = 0; i < TIMERS; i++) {
		struct model *model = &bench->model[i];

		model->bench = bench;
		assert_int_equal(gikev2_timer_init(&bench->timers,
						   &model->timer, fire, model),
				 0);
		set(bench, model, TIMERS - i);
		assert_heap(&bench->timers);
	}
	assert_int_equal(bench->timers.armed, TIMERS);
	bench_free(bench);
}

/* Due means at or before now, and not a microsecond after. */
static void due_to_the_microsecond(void **state)
{
	struct bench *bench = bench_new(TIMERS);

	(void)state;
	set(bench, &bench->model[0], 1000);
	set(bench, &bench->model[1], 1001);
	run(bench, 999);
	assert_int_equal(bench->model[0].fired, 0);
	run(bench, 1000);
	assert_int_equal(bench->model[0].fired, 1);
	assert_int_equal(bench->model[1].fired, 0);
	run(bench, 5000);
	assert_int_equal(bench->model[1].fired, 1);
	run(bench, 6000);
	assert_int_equal(bench->model[0].fired + bench->model[1].fired, 2);
	bench_free(bench);
}

/* The earliest first, and no more than were asked for. */
static void some_of_many(void **state)
{
	struct bench *bench = bench_new(TIMERS);

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		set(bench, &bench->model[i], 100 - i);
	set(bench, &bench->model[10], 201);
	bench->now = 200;
	gikev2_timers_run_some(&bench->timers, 200, 0);
	assert_int_equal(bench->model[9].fired, 0);
	gikev2_timers_run_some(&bench->timers, 200, 4);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(bench->model[i].fired, i > 5);
	gikev2_timers_run_some(&bench->timers, 200, 20);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(bench->model[i].fired, 1);
	assert_int_equal(bench->model[10].fired, 0);
	bench_free(bench);
}

static void ends_another(void *owner, uint64_t now)
{
	struct model *victim = owner;

	(void)now;
	gikev2_timer_fini(&victim->bench->timers, &victim->timer);
	victim->at = GIKEV2_NEVER;
}

/* What fires may end timers that are due at the same instant. */
static void fire_ends_another(void **state)
{
	struct bench *bench = bench_new(TIMERS);
	struct model *first = &bench->model[0], *victim = &bench->model[1];

	(void)state;
	first->timer.fire = ends_another;
	first->timer.owner = victim;
	set(bench, first, 10);
	set(bench, victim, 11);
	bench->now = 12;
	gikev2_timers_run(&bench->timers, 12);
	assert_int_equal(victim->fired, 0);
	assert_null(victim->timer.fire);
	assert_int_equal(bench->timers.known, TIMERS - 1);
	/* to end what was never begun, or has ended, does nothing */
	gikev2_timer_fini(&bench->timers, &victim->timer);
	assert_int_equal(bench->timers.known, TIMERS - 1);
	bench_free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(nothing_armed),
		cmocka_unit_test(room_for_all),
		cmocka_unit_test(due_to_the_microsecond),
		cmocka_unit_test(some_of_many),
		cmocka_unit_test(fire_ends_another),
	};

	return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
