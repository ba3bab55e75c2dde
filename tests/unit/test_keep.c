// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A member that keeps its keys: it comes back while the key server is away, and
 * later goes over to new ones together with all others.
 */
#include "gikev2/gikev2_keep.h"
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define OSPFV2 201
#define PIM 203
#define LIFETIME 3600
#define ATD 5
#define DTD 15

struct scene {
	struct world *world;
	struct world_node *ks, *r1, *r2;
};

static struct scene begin(uint64_t seed)
{
	struct scene s = { .world = world_new(seed) };

	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	s.r2 = world_add(s.world, "r2");
	s.r1->remembers = true;
	world_boot(s.r1);
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_acquaint(s.ks, s.r2, "secret", "secret");
	return s;
}

static struct scene registered(uint64_t seed)
{
	struct scene s = begin(seed);

	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, LIFETIME, ATD, DTD);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_join(s.r2, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 60 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(world_state(s.r2), GIKEV2_GM_KEY_TABLE);
	return s;
}

static size_t kept(const struct world_node *node)
{
	return world_records(node, GIKEV2_RECORD_KEPT);
}

/* Neither sends what the other does not accept. */
static void neighbours(struct world *world)
{
	const struct world_node *r1 = &world->nodes[1], *r2 = &world->nodes[2];
	const struct keytable_row *row1 = world_sender(r1);
	const struct keytable_row *row2 = world_sender(r2);

	assert_non_null(row1);
	assert_non_null(row2);
	assert_true(world_accepts(r2, row1));
	assert_true(world_accepts(r1, row2));
}

/* --------------------------------------------------------------- coming back */

static void server_away(void **state)
{
	struct scene s = registered(1);
	struct keytable_row before = *world_sender(s.r1);

	(void)state;
	world_crash(s.ks);
	world_crash(s.r1);
	world_run(s.world, 100 * SECOND);
	assert_int_equal(world_return(s.r1), 0);
	/* in the very call: no datagram, no timer */
	assert_int_equal(s.r1->row_count, 1);
	assert_memory_equal(&s.r1->rows[0], &before, sizeof(before));
	assert_int_equal(s.r1->events[GIKEV2_EVENT_KEYS_RESTORED], 1);
	s.world->invariant = neighbours;
	world_run(s.world, 1000 * SECOND);
	assert_int_not_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	world_free(s.world);
}

/* With the key server there, nothing is different from before. */
static void server_there(void **state)
{
	struct scene s = registered(2);
	uint32_t id = world_sender(s.r1)->id;
	uint64_t start = world_sender(s.r1)->accept_start;

	(void)state;
	assert_int_equal(world_return(s.r1), 0);
	s.world->invariant = neighbours;
	world_run(s.world, 60 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s.r1->row_count, 1);
	assert_int_equal(world_sender(s.r1)->id, id);
	assert_int_equal(world_sender(s.r1)->accept_start, start);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 60 * SECOND);
	assert_int_equal(s.r1->row_count, 1);
	assert_int_not_equal(world_sender(s.r1)->id, id);
	world_free(s.world);
}

/* In the middle of a roll: both keys, and the instant of the switch, are as they
 * were. */
static void during_a_roll(void **state)
{
	struct scene s = registered(3);
	struct keytable_row rows[2];

	(void)state;
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 2 * SECOND);
	assert_int_equal(s.r1->row_count, 2);
	memcpy(rows, s.r1->rows, sizeof(rows));
	world_crash(s.ks);
	assert_int_equal(world_return(s.r1), 0);
	assert_int_equal(s.r1->row_count, 2);
	assert_memory_equal(s.r1->rows, rows, sizeof(rows));
	s.world->invariant = neighbours;
	world_run(s.world, 60 * SECOND);
	assert_int_equal(s.r1->row_count, 1);
	assert_int_equal(s.r1->rows[0].id, rows[1].id);
	world_free(s.world);
}

/*
 * The key server and one member start anew, as the two do on one router.  The
 * key server knows no past; the member does, so that it rolls over with the one
 * that never noticed.
 */
static void server_forgets(void **state)
{
	struct scene s = registered(4);
	uint32_t id = world_sender(s.r1)->id;

	(void)state;
	s.world->params.restart_time = 30 * SECOND;
	world_boot(s.ks);
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, LIFETIME, ATD, DTD);
	assert_int_equal(world_return(s.r1), 0);
	s.world->invariant = neighbours;
	world_run(s.world, 2 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s.r1->row_count, 2);
	assert_int_equal(world_sender(s.r1)->id, id);
	world_run(s.world, 300 * SECOND);
	assert_int_equal(s.r1->row_count, 1);
	assert_int_equal(s.r2->row_count, 1);
	assert_int_equal(world_sender(s.r1)->id, world_sender(s.r2)->id);
	world_free(s.world);
}

/* A roll that it slept through. */
static void rolled_meanwhile(void **state)
{
	struct scene s = registered(5);

	(void)state;
	world_crash(s.r1);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 60 * SECOND);
	assert_int_equal(world_return(s.r1), 0);
	assert_false(world_accepts(s.r2, world_sender(s.r1)));
	world_run(s.world, SECOND);
	neighbours(s.world);
	world_free(s.world);
}

/* A daemon has not said yet what it can do, and the configuration comes line by
 * line. */
static void before_anybody_asks(void **state)
{
	struct scene s = registered(6);
	struct gikev2_member_config config = s.r1->member_config;

	(void)state;
	s.r1->member_config.offer_count = 0;
	s.r1->member_config.server_count = 0;
	assert_int_equal(world_return(s.r1), 0);
	assert_int_equal(s.r1->row_count, 1);
	s.r1->member_config.server_count = 1;
	gikev2_member_update(s.r1->member, &s.r1->member_config, s.world->now);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_IDLE);
	assert_int_equal(s.r1->row_count, 1);
	assert_int_equal(kept(s.r1), 1);
	gikev2_member_update(s.r1->member, &config, s.world->now);
	world_run(s.world, SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	world_free(s.world);
}

/* Not before the first keys came, and not instead of those that are there. */
static void turned_on_late(void **state)
{
	struct scene s = registered(7);

	(void)state;
	world_forget(s.r1);
	assert_int_equal(gikev2_member_restore(s.r1->member, s.world->now), 0);
	assert_int_equal(kept(s.r1), 1);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_KEYS_RESTORED], 0);
	world_free(s.world);
}

/* ------------------------------------------------------------------- instants */

/* The clock of another boot: 500 seconds behind this one. */
static void other_boot(void **state)
{
	struct scene s = registered(10);
	struct keytable_row before = *world_sender(s.r1);

	(void)state;
	world_crash(s.ks);
	s.r1->shift = -(int64_t)(500 * SECOND);
	assert_int_equal(world_return(s.r1), 0);
	assert_int_equal(s.r1->row_count, 1);
	assert_int_equal(s.r1->rows[0].accept_end,
			 before.accept_end - 500 * SECOND);
	assert_int_equal(s.r1->rows[0].send_end,
			 before.send_end - 500 * SECOND);
	world_free(s.world);
}

static void over_meanwhile(void **state)
{
	struct scene s = registered(11);

	(void)state;
	world_crash(s.ks);
	s.r1->shift = -(int64_t)(LIFETIME * SECOND);
	assert_int_equal(world_return(s.r1), 0);
	assert_int_equal(s.r1->row_count, 0);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_KEYS_RESTORED], 0);
	assert_int_equal(kept(s.r1), 0);
	world_free(s.world);
}

/* The end comes at its time, though nobody has been heard of. */
static void over_later(void **state)
{
	struct scene s = registered(12);
	uint64_t end = world_sender(s.r1)->accept_end;

	(void)state;
	world_crash(s.ks);
	assert_int_equal(world_return(s.r1), 0);
	world_run(s.world, end - s.world->now - 1);
	assert_int_equal(s.r1->row_count, 1);
	world_run(s.world, 1);
	assert_int_equal(s.r1->row_count, 0);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_KEYS_EXPIRED], 1);
	assert_int_equal(kept(s.r1), 0);
	world_free(s.world);
}

/* -------------------------------------------------------------- what is not kept */

static void left(void **state)
{
	struct scene s = registered(20);

	(void)state;
	assert_int_equal(kept(s.r1), 1);
	gikev2_member_del(s.r1->member, s.world->now);
	s.r1->member = NULL;
	assert_int_equal(kept(s.r1), 0);
	world_free(s.world);
}

static void excluded(void **state)
{
	struct scene s = registered(21);

	(void)state;
	s.ks->peers[0].authorized = false;
	gikev2_member_reregister(s.r1->member, s.world->now);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.r1->row_count, 0);
	assert_int_equal(kept(s.r1), 0);
	assert_int_equal(world_return(s.r1), 0);
	assert_int_equal(s.r1->row_count, 0);
	world_free(s.world);
}

static void pim_group(struct scene *s, struct keytable_suite suite,
		      bool per_sender)
{
	s->ks->group_config = (struct gikev2_group_config){
		.protocols = { { .protocol = PIM,
				 .lifetime = LIFETIME,
				 .suite = suite,
				 .per_sender = per_sender } },
		.protocol_count = 1,
		.atd = ATD,
		.dtd = DTD,
	};
	world_serve_config(s->ks);
	s->r1->member_config.offers[0] = (struct gikev2_offer){ PIM, 0xfff };
	s->r1->member_config.offer_count = 1;
	world_join_config(s->r1, s->ks);
	world_run(s->world, 10 * SECOND);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	assert_true(s->r1->row_count > 0);
}

static const struct keytable_suite aes_cbc = { 12, 128, 12 };
static const struct keytable_suite aes_gcm = { 20, 128, 0 };

/* Its IVs would begin anew under the same key. */
static void counter_mode(void **state)
{
	struct scene s = begin(22);

	(void)state;
	pim_group(&s, aes_gcm, false);
	assert_int_equal(kept(s.r1), 0);
	world_free(s.world);
}

/* Its sequence numbers would, and receivers take them for replays. */
static void own_sequence_numbers(void **state)
{
	struct scene s = begin(23);

	(void)state;
	pim_group(&s, aes_cbc, true);
	assert_int_equal(kept(s.r1), 0);
	world_free(s.world);
}

static void shared_sa(void **state)
{
	struct scene s = begin(24);
	struct keytable_row before;

	(void)state;
	pim_group(&s, aes_cbc, false);
	before = s.r1->rows[0];
	world_crash(s.ks);
	assert_int_equal(world_return(s.r1), 0);
	assert_int_equal(s.r1->row_count, 1);
	assert_memory_equal(&s.r1->rows[0], &before, sizeof(before));
	world_free(s.world);
}

/* -------------------------------------------------------------------- damage */

static void check_without(struct scene *s, int reason)
{
	assert_int_equal(world_return(s->r1), -reason);
	assert_int_equal(s->r1->row_count, 0);
	assert_int_equal(s->r1->engine->counters[reason], 1);
	world_run(s->world, 10 * SECOND);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(kept(s->r1), 1);
	s->r1->load_err = 0;
	assert_int_equal(world_return(s->r1), 0);
	assert_int_equal(s->r1->row_count, 1);
	world_free(s->world);
}

static void damaged(void **state)
{
	struct scene s = registered(30);

	(void)state;
	s.r1->records->value_len--;
	check_without(&s, GIKEV2_ERR_STATE);
}

static void newer(void **state)
{
	struct scene s = registered(31);

	(void)state;
	s.r1->records->value[0]++;
	check_without(&s, GIKEV2_ERR_STATE_VERSION);
}

static void does_not_load(void **state)
{
	struct scene s = registered(32);

	(void)state;
	s.r1->load_err = -GIKEV2_ERR_STATE;
	check_without(&s, GIKEV2_ERR_STATE);
}

/* version and count come before the row: protocol, direction, algorithm */
#define AT_PROTOCOL (1 + 4)
#define AT_ALGORITHM (AT_PROTOCOL + 1 + 1 + 1)

/* What no daemon could use is not given out. */
static void unusable_row(void **state)
{
	static const struct {
		size_t at;
		uint8_t is, becomes;
	} changes[] = {
		{ AT_PROTOCOL, OSPFV2, 250 },
		{ AT_ALGORITHM, KEYTABLE_HMAC_SHA_256, KEYTABLE_HMAC_SHA_1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct scene s = registered(33 + i);
		uint8_t *octet = &s.r1->records->value[changes[i].at];

		assert_int_equal(*octet, changes[i].is);
		*octet = changes[i].becomes;
		assert_int_equal(world_return(s.r1), 0);
		assert_int_equal(s.r1->row_count, 0);
		world_free(s.world);
	}
}

/* A key that lives as long as the SA that it came over is over with the process. */
static void endless_is_not_kept(void **state)
{
	struct scene s = registered(40);
	struct gikev2_rows *rows = gikev2_member_rows(s.r1->member);

	(void)state;
	assert_int_equal(rows->count, 1);
	gikev2_member_keep(s.r1->member);
	assert_int_equal(kept(s.r1), 1);
	rows->row[0].accept_end = KEYTABLE_NEVER;
	gikev2_member_keep(s.r1->member);
	assert_int_equal(kept(s.r1), 0);
	world_free(s.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_away),
		cmocka_unit_test(endless_is_not_kept),
		cmocka_unit_test(server_there),
		cmocka_unit_test(during_a_roll),
		cmocka_unit_test(server_forgets),
		cmocka_unit_test(rolled_meanwhile),
		cmocka_unit_test(before_anybody_asks),
		cmocka_unit_test(turned_on_late),
		cmocka_unit_test(other_boot),
		cmocka_unit_test(over_meanwhile),
		cmocka_unit_test(over_later),
		cmocka_unit_test(left),
		cmocka_unit_test(excluded),
		cmocka_unit_test(counter_mode),
		cmocka_unit_test(own_sequence_numbers),
		cmocka_unit_test(shared_sa),
		cmocka_unit_test(damaged),
		cmocka_unit_test(newer),
		cmocka_unit_test(does_not_load),
		cmocka_unit_test(unusable_row),
	};

	return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
