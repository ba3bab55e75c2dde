// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key server: which configurations it takes, when it rolls, and what it says of
 * itself and of its members.
 */
#include <stdlib.h>

#include "gikev2/gikev2_group.h"
#include "test_bare.h"
#include "world.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND GIKEV2_SECOND
#define NOW (5000 * SECOND)

/* ----------------------------------------------------------- configurations */

static struct gikev2_group_config
config_of(uint16_t algorithm, uint32_t lifetime, uint16_t atd, uint16_t dtd)
{
	return (struct gikev2_group_config){
		.id = { .type = GIKEV2_ID_KEY_ID, .len = 1, .data = { 'g' } },
		.protocols = { { 201, algorithm, lifetime } },
		.protocol_count = 1,
		.atd = atd,
		.dtd = dtd,
	};
}

static const struct {
	const char *what;
	uint8_t protocol, count;
	uint16_t algorithm, atd, dtd;
	uint32_t lifetime;
	bool valid;
} configs[] = {
	{ "as it should be", 201, 1, 3, 5, 15, 3600, true },
	{ "no protocol", 201, 0, 3, 5, 15, 3600, false },
	{ "unknown protocol", 250, 1, 3, 5, 15, 3600, false },
	{ "protocol 0", 0, 1, 3, 5, 15, 3600, false },
	{ "algorithm 0", 201, 1, 0, 5, 15, 3600, false },
	{ "unknown algorithm", 201, 1, 6, 5, 15, 3600, false },
	{ "first algorithm", 201, 1, 1, 5, 15, 3600, true },
	{ "last algorithm", 201, 1, 5, 5, 15, 3600, true },
	{ "DTD is ATD", 201, 1, 3, 5, 5, 3600, false },
	{ "DTD one second longer", 201, 1, 3, 5, 6, 3600, false },
	{ "DTD two seconds longer", 201, 1, 3, 5, 7, 3600, true },
	{ "DTD below ATD", 201, 1, 3, 15, 5, 3600, false },
	{ "no ATD", 201, 1, 3, 0, 2, 3600, true },
	{ "no delays", 201, 1, 3, 0, 0, 3600, false },
	{ "longest delays", 201, 1, 3, 65533, 65535, 200000, true },
	{ "shortest lifetime", 201, 1, 3, 5, 15, 50, true },
	{ "a second less", 201, 1, 3, 5, 15, 49, false },
	{ "no lifetime", 201, 1, 3, 5, 15, 0, false },
	{ "longest lifetime", 201, 1, 3, 5, 15, UINT32_MAX, true },
};

static void configs_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
		struct bare *bare = bare_new();
		struct gikev2_group_config config =
			config_of(configs[i].algorithm, configs[i].lifetime,
				  configs[i].atd, configs[i].dtd);
		struct gikev2_group *group;

		config.protocols[0].protocol = configs[i].protocol;
		config.protocol_count = configs[i].count;
		group = gikev2_group_add(bare->engine, bare, &config, NOW);
		if (!!group != configs[i].valid)
			fail_msg("%s", configs[i].what);
		/* and nothing but the group's roll is due */
		if (group)
			assert_true(gikev2_next_deadline(bare->engine) > NOW);
		else
			assert_int_equal(gikev2_next_deadline(bare->engine),
					 GIKEV2_NEVER);
		bare_free(bare);
	}
}

static void protocol_twice(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 3600, 5, 15);

	(void)state;
	config.protocols[config.protocol_count++] = config.protocols[0];
	assert_null(gikev2_group_add(bare->engine, bare, &config, NOW));
	bare_free(bare);
}

static void shortest_lifetime(void **state)
{
	(void)state;
	for (uint16_t dtd = 2; dtd < 1000; dtd += 13) {
		struct gikev2_group_config config = config_of(3, 0, 0, dtd);
		uint32_t least = gikev2_group_lifetime_min(&config);

		assert_true(least > 2u * dtd);
		config.protocols[0].lifetime = least;
		assert_int_equal(gikev2_group_lifetime_min(&config), least);
	}
}

static void names(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 3600, 5, 15);
	struct gikev2_group *first, *second;

	(void)state;
	first = gikev2_group_add(bare->engine, bare, &config, NOW);
	assert_non_null(first);
	assert_null(gikev2_group_add(bare->engine, bare, &config, NOW));
	/* another type of identity is another name */
	config.id.type = GIKEV2_ID_FQDN;
	second = gikev2_group_add(bare->engine, bare, &config, NOW);
	assert_non_null(second);
	gikev2_group_del(first, NOW);
	config.id.type = GIKEV2_ID_KEY_ID;
	assert_non_null(gikev2_group_add(bare->engine, bare, &config, NOW));
	bare_free(bare);
}

static void no_randomness_no_group(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 3600, 5, 15);

	(void)state;
	bare->exhausted = true;
	assert_null(gikev2_group_add(bare->engine, bare, &config, NOW));
	assert_int_equal(gikev2_next_deadline(bare->engine), GIKEV2_NEVER);
	bare_free(bare);
}

/* ---------------------------------------------------------------- when to roll */

static struct gikev2_group_status status_of(struct gikev2_group *group,
					    uint64_t now)
{
	struct gikev2_group_status status;

	gikev2_group_get_status(group, now, &status);
	return status;
}

static const struct {
	uint32_t lifetime;
	uint16_t dtd;
	uint32_t first, last; /* it rolls after so many seconds */
} rolls[] = {
	{ 3600, 15, 2700, 2880 }, /* at 75 to 80 per cent */
	{ 100, 15, 75, 75 },	  /* DTD and ten seconds before the end */
	{ 50, 15, 25, 25 },	  /* the shortest lifetime that there may be */
	{ 86400, 15, 64800, 69120 }, { 1000, 300, 690, 690 },
};

static void rolls_in_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rolls); i++) {
		struct bare *bare = bare_new();
		struct gikev2_group_config config =
			config_of(3, rolls[i].lifetime, 5, rolls[i].dtd);
		struct gikev2_group *group =
			gikev2_group_add(bare->engine, bare, &config, NOW);
		uint64_t due;

		assert_non_null(group);
		due = status_of(group, NOW).next_roll;
		assert_in_range(due, NOW + rolls[i].first * SECOND,
				NOW + rolls[i].last * SECOND);
		gikev2_expire(bare->engine, due - 1);
		assert_int_equal(status_of(group, due - 1).generation, 1);
		assert_int_equal(gikev2_next_deadline(bare->engine), due);
		gikev2_expire(bare->engine, due);
		assert_int_equal(status_of(group, due).generation, 2);
		assert_int_equal(bare->events[GIKEV2_EVENT_ROLLED], 1);
		bare_free(bare);
	}
}

/* Groups that were made at once, and the rolls of each, are not all at once. */
static void rolls_apart(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 3600, 5, 15);
	size_t slots[10] = {};

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		struct gikev2_group *group;
		uint64_t due;

		config.id.data[0] = (uint8_t)('A' + i);
		group = gikev2_group_add(bare->engine, bare, &config, NOW);
		assert_non_null(group);
		due = status_of(group, NOW).next_roll;
		/* of 20 seconds each */
		slots[(due - NOW - 2700 * SECOND) / (20 * SECOND)]++;
	}
	for (size_t i = 0; i < ARRAY_LEN(slots); i++)
		assert_true(slots[i] < 24);
	bare_free(bare);
}

static void first_keys_wait_for_members(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 3600, 5, 15);
	struct gikev2_group *group =
		gikev2_group_add(bare->engine, bare, &config, NOW);
	struct gikev2_group_status status = status_of(group, NOW);
	uint64_t restart = bare->engine->params.restart_time;

	(void)state;
	/* somebody may hold keys of before: time to come and fetch these */
	assert_int_equal(status.generation, 1);
	assert_int_equal(status.created, NOW);
	assert_int_equal(status.atd_end, NOW + restart);
	assert_int_equal(status.dtd_end, NOW + restart + 10 * SECOND);
	assert_int_equal(status.row_count, 1);
	assert_int_equal(status.members, 0);
	/* that is no roll */
	assert_int_equal(bare->events[GIKEV2_EVENT_ROLLED], 0);
	bare_free(bare);
}

/* With a short life, the restart may not take more than half of it. */
static void first_keys_of_short_life(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 60, 5, 15);
	struct gikev2_group *group =
		gikev2_group_add(bare->engine, bare, &config, NOW);
	struct gikev2_group_status status = status_of(group, NOW);

	(void)state;
	assert_int_equal(status.atd_end, NOW + 20 * SECOND);
	assert_int_equal(status.dtd_end, NOW + 30 * SECOND);
	assert_true(status.next_roll > status.dtd_end);
	bare_free(bare);
}

static void rows_of_a_roll(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 3600, 5, 15);
	struct gikev2_group *group =
		gikev2_group_add(bare->engine, bare, &config, NOW);
	uint64_t roll = NOW + 200 * SECOND;
	struct gikev2_group_status status;

	(void)state;
	assert_int_equal(gikev2_group_rekey(group, roll), 0);
	status = status_of(group, roll);
	assert_int_equal(status.row_count, 2);
	assert_int_equal(status.atd_end, roll + 5 * SECOND);
	assert_int_equal(status.dtd_end, roll + 15 * SECOND);
	assert_int_equal(status.rows[0].send_end, roll + 5 * SECOND);
	assert_int_equal(status.rows[0].accept_end, roll + 15 * SECOND);
	assert_int_equal(status.rows[1].send_start, roll + 5 * SECOND);
	/* what is over is wiped when it is over, not when somebody looks */
	assert_int_equal(gikev2_next_deadline(bare->engine),
			 roll + 15 * SECOND);
	assert_int_equal(status_of(group, roll + 15 * SECOND - 1).row_count, 2);
	assert_int_equal(status_of(group, roll + 15 * SECOND).row_count, 1);
	bare_free(bare);
}

/* Without randomness the keys live on, and it tries again. */
static void roll_without_randomness(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 3600, 5, 15);
	struct gikev2_group *group =
		gikev2_group_add(bare->engine, bare, &config, NOW);
	uint64_t due = status_of(group, NOW).next_roll;

	(void)state;
	bare->exhausted = true;
	for (int i = 0; i < 5; i++) {
		gikev2_expire(bare->engine, due + i * SECOND);
		assert_int_equal(
			gikev2_counters(bare->engine)[GIKEV2_ERR_NO_RANDOM],
			i + 1);
		assert_int_equal(gikev2_next_deadline(bare->engine),
				 due + (i + 1) * SECOND);
	}
	assert_int_equal(gikev2_group_rekey(group, due + 5 * SECOND),
			 -GIKEV2_ERR_NO_RANDOM);
	assert_int_equal(status_of(group, due).generation, 1);
	bare->exhausted = false;
	gikev2_expire(bare->engine, due + 6 * SECOND);
	assert_int_equal(status_of(group, due + 6 * SECOND).generation, 2);
	bare_free(bare);
}

/* ----------------------------------------------------------------------- updates */

static void update_of_lifetime(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 3600, 5, 15);
	struct gikev2_group *group =
		gikev2_group_add(bare->engine, bare, &config, NOW);

	(void)state;
	config.protocols[0].lifetime = 1000;
	assert_int_equal(gikev2_group_update(group, &config, NOW + SECOND), 0);
	assert_int_equal(status_of(group, NOW + SECOND).generation, 1);
	assert_in_range(gikev2_next_deadline(bare->engine), NOW + 750 * SECOND,
			NOW + 800 * SECOND);
	/* what would be over already is rolled as soon as time goes on */
	config.protocols[0].lifetime = 100;
	assert_int_equal(
		gikev2_group_update(group, &config, NOW + 500 * SECOND), 0);
	gikev2_expire(bare->engine, NOW + 500 * SECOND);
	assert_int_equal(status_of(group, NOW + 500 * SECOND).generation, 2);
	bare_free(bare);
}

static void update_of_algorithm(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 3600, 5, 15);
	struct gikev2_group *group =
		gikev2_group_add(bare->engine, bare, &config, NOW);
	struct gikev2_group_status status;

	(void)state;
	config.protocols[0].algorithm = KEYTABLE_HMAC_SHA_512;
	assert_int_equal(gikev2_group_update(group, &config, NOW + SECOND), 0);
	status = status_of(group, NOW + SECOND);
	assert_int_equal(status.generation, 2);
	assert_int_equal(status.rows[0].algorithm, KEYTABLE_HMAC_SHA_256);
	assert_int_equal(status.rows[1].algorithm, KEYTABLE_HMAC_SHA_512);
	/* the same again is no change */
	assert_int_equal(gikev2_group_update(group, &config, NOW + 2 * SECOND),
			 0);
	assert_int_equal(status_of(group, NOW + 2 * SECOND).generation, 2);
	bare_free(bare);
}

/* An operator types line after line: the last one counts, none is lost. */
static void updates_in_a_row(void **state)
{
	static const uint16_t algorithms[] = { 4, 5, 2, 1, 4, 5 };
	struct bare *bare = bare_new();
	struct gikev2_group_config config = config_of(3, 3600, 5, 15);
	struct gikev2_group *group =
		gikev2_group_add(bare->engine, bare, &config, NOW);
	struct gikev2_group_status status;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		config.protocols[0].algorithm = algorithms[i];
		assert_int_equal(
			gikev2_group_update(group, &config, NOW + SECOND), 0);
	}
	status = status_of(group, NOW + SECOND);
	assert_int_equal(status.next_roll, NOW + 16 * SECOND);
	gikev2_expire(bare->engine, status.next_roll);
	status = status_of(group, NOW + 16 * SECOND);
	assert_int_equal(status.rows[status.row_count - 1].algorithm,
			 KEYTABLE_HMAC_SHA_512);
	assert_true(status.next_roll > NOW + 1000 * SECOND);
	bare_free(bare);
}

static void update_refused(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config good = config_of(3, 3600, 5, 15), bad = good;
	struct gikev2_group *group =
		gikev2_group_add(bare->engine, bare, &good, NOW);
	uint64_t due = gikev2_next_deadline(bare->engine);

	(void)state;
	bad.dtd = bad.atd;
	assert_int_equal(gikev2_group_update(group, &bad, NOW),
			 -GIKEV2_ERR_BAD_POLICY);
	bad = good;
	bad.id.data[0] = 'h';
	assert_int_equal(gikev2_group_update(group, &bad, NOW),
			 -GIKEV2_ERR_BAD_POLICY);
	assert_int_equal(status_of(group, NOW).generation, 1);
	assert_int_equal(gikev2_next_deadline(bare->engine), due);
	bare_free(bare);
}

/* ----------------------------------------------------------------------- members */

struct scene {
	struct world *world;
	struct world_node *ks, *r[3];
};

static struct scene scene_new(uint64_t seed)
{
	static const char *const router_names[] = { "r1", "r2", "r3" };
	struct scene s = { .world = world_new(seed) };

	s.ks = world_add(s.world, "ks");
	for (size_t i = 0; i < 3; i++) {
		s.r[i] = world_add(s.world, router_names[i]);
		world_acquaint(s.ks, s.r[i], "secret", "secret");
	}
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	for (size_t i = 0; i < 3; i++)
		world_join(s.r[i], s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 100 * SECOND);
	return s;
}

/* Each member acknowledges for itself, and who does not is pending. */
static void pending(void **state)
{
	struct scene s = scene_new(1);

	(void)state;
	assert_int_equal(status_of(s.ks->group, s.world->now).members, 3);
	assert_int_equal(status_of(s.ks->group, s.world->now).pending, 0);
	s.r[1]->up = false;
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	assert_int_equal(status_of(s.ks->group, s.world->now).pending, 3);
	world_run(s.world, SECOND / 2);
	assert_int_equal(status_of(s.ks->group, s.world->now).pending, 1);
	s.r[1]->up = true;
	world_run(s.world, 5 * SECOND);
	assert_int_equal(status_of(s.ks->group, s.world->now).pending, 0);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_ACKNOWLEDGED], 3);
	world_free(s.world);
}

struct visit {
	unsigned int seen, stop_after;
	const struct scene *scene;
};

static bool visit_member(void *arg,
			 const struct gikev2_group_member_status *status)
{
	struct visit *visit = arg;
	bool known = false;

	for (size_t i = 0; i < 3; i++) {
		const struct world_node *node = visit->scene->r[i];

		if (!gikev2_id_equal(status->identity, &node->identity))
			continue;
		known = true;
		assert_memory_equal(status->path.remote.ip, node->address.ip,
				    4);
	}
	assert_true(known);
	assert_int_equal(status->generation, 1);
	assert_true(status->registered_since <= status->last_seen);
	assert_true(status->last_seen <= visit->scene->world->now);
	return ++visit->seen != visit->stop_after;
}

static void members_visited(void **state)
{
	struct scene s = scene_new(2);
	struct visit all = { .scene = &s };
	struct visit two = { .stop_after = 2, .scene = &s };

	(void)state;
	gikev2_group_members(s.ks->group, visit_member, &all);
	assert_int_equal(all.seen, 3);
	gikev2_group_members(s.ks->group, visit_member, &two);
	assert_int_equal(two.seen, 2);
	assert_int_equal(gikev2_group_member_count(s.ks->group), 3);
	assert_true(gikev2_group_has(s.ks->group, &s.r[0]->identity));
	assert_false(gikev2_group_has(s.ks->group, &s.ks->identity));
	world_free(s.world);
}

static void member_cleared(void **state)
{
	struct scene s = scene_new(3);
	struct gikev2_id nobody = { .type = GIKEV2_ID_FQDN,
				    .len = 1,
				    .data = { 'x' } };

	(void)state;
	assert_int_equal(gikev2_group_end_member(s.ks->group, &nobody,
						 -GIKEV2_ERR_ADMIN,
						 s.world->now),
			 0);
	assert_int_equal(gikev2_group_end_member(s.ks->group, &s.r[0]->identity,
						 -GIKEV2_ERR_ADMIN,
						 s.world->now),
			 1);
	assert_int_equal(status_of(s.ks->group, s.world->now).members, 2);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 1);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
			 -GIKEV2_ERR_ADMIN);
	/* once is enough */
	assert_int_equal(gikev2_group_end_member(s.ks->group, &s.r[0]->identity,
						 -GIKEV2_ERR_ADMIN,
						 s.world->now),
			 0);
	world_free(s.world);
}

/* The members hear of it, and their keys live on to their end. */
static void group_deleted(void **state)
{
	struct scene s = scene_new(4);

	(void)state;
	gikev2_group_del(s.ks->group, s.world->now);
	s.ks->group = NULL;
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 3);
	world_run(s.world, SECOND);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(s.r[i]->events[GIKEV2_EVENT_SERVER_LOST], 1);
		assert_int_equal(s.r[i]->event_err[GIKEV2_EVENT_SERVER_LOST],
				 -GIKEV2_ERR_DELETED);
		assert_non_null(world_sender(s.r[i]));
	}
	/* nobody serves any group here now */
	world_run(s.world, 10 * SECOND);
	assert_true(gikev2_counters(s.ks->engine)[GIKEV2_ERR_NOT_SERVER] > 0);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	world_free(s.world);
}

/* Rolls faster than a member answers: it gets all that it has missed, once. */
static void rolls_while_a_member_is_away(void **state)
{
	struct scene s = scene_new(5);
	struct gikev2_group_status status;

	(void)state;
	s.r[0]->up = false;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now),
				 0);
		world_run(s.world, SECOND);
	}
	s.r[0]->up = true;
	world_run(s.world, 3 * SECOND);
	assert_int_equal(s.r[0]->row_count, 3);
	world_run(s.world, 20 * SECOND);
	status = status_of(s.ks->group, s.world->now);
	assert_int_equal(status.pending, 0);
	assert_int_equal(status.row_count, 1);
	assert_int_equal(s.r[0]->row_count, 1);
	assert_int_equal(s.r[0]->rows[0].id, status.rows[0].id);
	world_free(s.world);
}

/*
 * What the excluded one knows is good for nothing from the moment on that a member
 * hears of it: also for one that comes meanwhile, or hears of it late.  The server
 * keeps it as long as it does after a roll, to say that it is over.
 */
static void excluded_ones_keys_end(void **state)
{
	struct scene s = scene_new(6);
	struct gikev2_group_status status;
	uint32_t old = world_sender(s.r[1])->id, new;

	(void)state;
	s.r[0]->up = false;
	s.ks->peers[1].authorized = false;
	assert_int_equal(gikev2_group_exclude(s.ks->group, &s.r[1]->identity,
					      s.world->now),
			 1);
	status = status_of(s.ks->group, s.world->now);
	assert_int_equal(status.atd_end, s.world->now);
	assert_int_equal(status.dtd_end, s.world->now);
	assert_int_equal(status.row_count, 1);
	new = status.rows[0].id;
	assert_int_not_equal(new, old);
	assert_int_equal(gikev2_group_generations(s.ks->group)->count, 2);
	world_run(s.world, SECOND);
	assert_int_equal(s.r[2]->row_count, 1);
	assert_int_equal(world_sender(s.r[2])->id, new);
	assert_false(world_accepts(s.r[2], world_sender(s.r[0])));
	gikev2_member_reregister(s.r[2]->member, s.world->now);
	world_run(s.world, SECOND);
	assert_int_equal(s.r[2]->events[GIKEV2_EVENT_REGISTERED], 2);
	assert_int_equal(s.r[2]->row_count, 1);
	s.r[0]->up = true;
	world_run(s.world, 3 * SECOND);
	assert_int_equal(s.r[0]->row_count, 1);
	assert_int_equal(world_sender(s.r[0])->id, new);
	/* and the next roll is as any other */
	world_run(s.world, 15 * SECOND);
	assert_int_equal(gikev2_group_generations(s.ks->group)->count, 1);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, SECOND);
	assert_int_equal(s.r[0]->row_count, 2);
	assert_int_equal(s.r[2]->row_count, 2);
	world_free(s.world);
}

/* ---------------------------------------------------------------------- turns */

/* Each registration may cost the others something: no member has them all. */
static void again_and_again(void **state)
{
	struct world *world = world_new(9);
	struct world_node *ks = world_add(world, "ks");
	struct world_node *r1 = world_add(world, "r1");
	struct world_node *r2 = world_add(world, "r2");
	unsigned int *registered = &ks->events[GIKEV2_EVENT_MEMBER_REGISTERED];

	(void)state;
	world_acquaint(ks, r1, "secret", "secret");
	world_acquaint(ks, r2, "secret", "secret");
	world_serve(ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_join(r1, ks, WORLD_ALL_ALGORITHMS);
	for (int i = 0; i < 50; i++) {
		world_run(world, SECOND / 10);
		gikev2_member_reregister(r1->member, world->now);
	}
	assert_in_range(*registered, 10, 13);
	assert_int_equal(ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			 -GIKEV2_ERR_TOO_OFTEN);
	/* keys live on, others have turns of their own, and so has it again */
	assert_int_equal(r1->row_count, 1);
	*registered = 0;
	world_join(r2, ks, WORLD_ALL_ALGORITHMS);
	world_run(world, SECOND);
	assert_int_equal(world_state(r2), GIKEV2_GM_KEY_TABLE);
	world_run(world, 90 * SECOND);
	assert_int_equal(world_state(r1), GIKEV2_GM_KEY_TABLE);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configs_taken),
		cmocka_unit_test(again_and_again),
		cmocka_unit_test(excluded_ones_keys_end),
		cmocka_unit_test(protocol_twice),
		cmocka_unit_test(shortest_lifetime),
		cmocka_unit_test(names),
		cmocka_unit_test(no_randomness_no_group),
		cmocka_unit_test(rolls_in_time),
		cmocka_unit_test(rolls_apart),
		cmocka_unit_test(first_keys_wait_for_members),
		cmocka_unit_test(first_keys_of_short_life),
		cmocka_unit_test(rows_of_a_roll),
		cmocka_unit_test(roll_without_randomness),
		cmocka_unit_test(update_of_lifetime),
		cmocka_unit_test(update_of_algorithm),
		cmocka_unit_test(updates_in_a_row),
		cmocka_unit_test(update_refused),
		cmocka_unit_test(pending),
		cmocka_unit_test(members_visited),
		cmocka_unit_test(member_cleared),
		cmocka_unit_test(group_deleted),
		cmocka_unit_test(rolls_while_a_member_is_away),
	};

	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
