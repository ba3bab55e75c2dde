// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Member and key server in memory: registration, rolls, errors, restarts,
 * over good and bad networks.
 */
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND

struct scene {
	struct world *world;
	struct world_node *ks, *r1, *r2, *r3;
};

static const char *const names[] = { "r1", "r2", "r3" };

/* A key server and three members; nothing has happened yet. */
static struct scene setup(uint64_t seed)
{
	struct scene s = { .world = world_new(seed) };

	s.ks = world_add(s.world, "ks");
	for (size_t i = 0; i < 3; i++)
		world_acquaint(s.ks, world_add(s.world, names[i]), "secret",
			       "secret");
	s.r1 = &s.world->nodes[1];
	s.r2 = &s.world->nodes[2];
	s.r3 = &s.world->nodes[3];
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	return s;
}

static void join_all(struct scene *s)
{
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_join(s->r2, s->ks, WORLD_ALL_ALGORITHMS);
	world_join(s->r3, s->ks, WORLD_ALL_ALGORITHMS);
}

static uint64_t dropped(const struct world_node *node, enum gikev2_err err)
{
	return gikev2_counters(node->engine)[err];
}

static struct gikev2_ike *only_ike(const struct world_node *node)
{
	assert_non_null(node->engine->ikes);
	assert_null(node->engine->ikes->next);
	return node->engine->ikes;
}

/* Keys that end this very instant do not count. */
static bool has_keys(const struct world_node *node)
{
	for (size_t i = 0; i < node->row_count; i++)
		if (keytable_row_can_accept(&node->rows[i], node->world->now))
			return true;
	return false;
}

/*
 * Whatever a registered member sends with now is accepted by every other
 * registered member, and each has something to send with.
 */
static void hitless(struct world *world)
{
	for (size_t i = 1; i < world->node_count; i++) {
		const struct world_node *from = &world->nodes[i];
		const struct keytable_row *row = world_sender(from);

		if (!has_keys(from))
			continue;
		assert_non_null(row);
		for (size_t j = 1; j < world->node_count; j++)
			if (has_keys(&world->nodes[j]))
				assert_true(
					world_accepts(&world->nodes[j], row));
	}
}

/* ------------------------------------------------------------ registration */

static void registration_step_by_step(void **state)
{
	struct scene s = setup(1);
	const struct keytable_row *row;

	(void)state;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_PAIRWISE);
	assert_int_equal(only_ike(s.r1)->state, GIKEV2_IKE_INIT_SENT);

	assert_true(world_step(s.world, GIKEV2_NEVER)); /* IKE_SA_INIT */
	assert_int_equal(only_ike(s.ks)->state, GIKEV2_IKE_HALF_OPEN);
	assert_int_equal(s.ks->engine->totals.half_open, 1);
	assert_null(only_ike(s.ks)->gms);

	assert_true(world_step(s.world, GIKEV2_NEVER)); /* its answer */
	assert_int_equal(only_ike(s.r1)->state, GIKEV2_IKE_AUTH_SENT);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_RECEIVE);
	assert_int_equal(s.r1->row_count, 0);

	assert_true(world_step(s.world, GIKEV2_NEVER)); /* GSA_AUTH */
	assert_int_equal(only_ike(s.ks)->state, GIKEV2_IKE_ESTABLISHED);
	assert_int_equal(s.ks->engine->totals.half_open, 0);
	assert_null(only_ike(s.ks)->setup);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 1);

	assert_true(world_step(s.world, GIKEV2_NEVER)); /* its answer */
	assert_int_equal(only_ike(s.r1)->state, GIKEV2_IKE_ESTABLISHED);
	assert_null(only_ike(s.r1)->setup);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 1);
	assert_int_equal(s.r1->row_count, 1);

	row = &s.r1->rows[0];
	assert_int_equal(row->protocol, 201);
	assert_int_equal(row->algorithm, KEYTABLE_HMAC_SHA_256);
	assert_true(keytable_row_valid(row));
	assert_ptr_equal(world_sender(s.r1), row);
	assert_true(row->accept_end > s.world->now + 3590 * SECOND);
	assert_true(row->accept_end <= s.world->now + 3600 * SECOND);
	world_free(s.world);
}

static void all_algorithms(void **state)
{
	(void)state;
	for (uint16_t algo = 1; algo <= KEYTABLE_AUTH_ALGO_MAX; algo++) {
		struct scene s = setup(algo);

		s.ks->group_config.protocols[0].algorithm = algo;
		assert_int_equal(gikev2_group_update(s.ks->group,
						     &s.ks->group_config,
						     s.world->now),
				 0);
		join_all(&s);
		world_run(s.world, 30 * SECOND);
		assert_int_equal(world_sender(s.r1)->algorithm, algo);
		hitless(s.world);
		world_free(s.world);
	}
}

static void refused(struct scene *s, int member_err, int server_err)
{
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 5 * SECOND);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_WAIT);
	assert_int_equal(s->r1->row_count, 0);
	assert_int_equal(s->r1->events[GIKEV2_EVENT_REGISTRATION_FAILED], 1);
	assert_int_equal(s->r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -member_err);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_REFUSED], 1);
	assert_int_equal(s->ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			 -server_err);
	assert_int_equal(dropped(s->ks, server_err), 1);
	assert_int_equal(s->ks->engine->totals.ike_sas, 0);
	world_free(s->world);
}

static void wrong_psk(void **state)
{
	struct scene s = setup(2);

	(void)state;
	strcpy(s.r1->psk, "not the secret");
	refused(&s, GIKEV2_ERR_AUTH_FAILED, GIKEV2_ERR_AUTH_FAILED);
}

static void unknown_identity(void **state)
{
	struct scene s = setup(3);

	(void)state;
	s.ks->peers[0].id.data[0] = 'x';
	refused(&s, GIKEV2_ERR_AUTH_FAILED, GIKEV2_ERR_NO_CREDENTIAL);
}

static void not_authorized(void **state)
{
	struct scene s = setup(4);

	(void)state;
	s.ks->peers[0].authorized = false;
	refused(&s, GIKEV2_ERR_NOT_AUTHORIZED, GIKEV2_ERR_NOT_AUTHORIZED);
}

static void unknown_group(void **state)
{
	struct scene s = setup(5);

	(void)state;
	gikev2_group_del(s.ks->group, s.world->now);
	s.ks->group_config.id.data[0] = 'X';
	s.ks->group = gikev2_group_add(s.ks->engine, s.ks, &s.ks->group_config,
				       s.world->now);
	refused(&s, GIKEV2_ERR_INVALID_GROUP, GIKEV2_ERR_INVALID_GROUP);
}

static void algorithm_not_offered(void **state)
{
	struct scene s = setup(6);

	(void)state;
	world_join(s.r1, s.ks, KEYTABLE_ALGO_BIT(KEYTABLE_KEYED_MD5));
	world_run(s.world, 5 * SECOND);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_NO_PROPOSAL);
	assert_int_equal(s.r1->row_count, 0);
	world_free(s.world);
}

static void server_with_another_name(void **state)
{
	struct scene s = setup(7);

	(void)state;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	s.r1->member_config.server_identity = s.r2->identity;
	gikev2_member_update(s.r1->member, &s.r1->member_config, s.world->now);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_AUTH_FAILED);
	assert_int_equal(s.r1->row_count, 0);
	world_free(s.world);
}

static void no_offers_stay_idle(void **state)
{
	struct scene s = setup(8);

	(void)state;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	s.r1->member_config.offer_count = 0;
	gikev2_member_update(s.r1->member, &s.r1->member_config, s.world->now);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_IDLE);
	world_run(s.world, 300 * SECOND);
	assert_int_equal(s.r1->row_count, 0);
	s.r1->member_config.offer_count = 1;
	gikev2_member_update(s.r1->member, &s.r1->member_config, s.world->now);
	world_run(s.world, SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	world_free(s.world);
}

static unsigned int requests[256]; /* that were sent, by exchange */

static bool count_requests(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (!(datagram->octets[19] & GIKEV2_FLAG_R))
		requests[datagram->octets[18]]++;
	return true;
}

/* IKE_AUTH without a Child SA (RFC 6023), then GSA_REGISTRATION. */
static void registration_after_ike_auth(void **state)
{
	struct scene s = setup(27);

	(void)state;
	memset(requests, 0, sizeof(requests));
	s.world->wire = count_requests;
	s.r1->member_config.ike_auth = true;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_join(s.r2, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 2);
	/* the first of them by one way, the second by the other */
	assert_int_equal(requests[GIKEV2_IKE_AUTH], 1);
	assert_int_equal(requests[GIKEV2_GSA_REGISTRATION], 1);
	assert_int_equal(requests[GIKEV2_GSA_AUTH], 1);
	s.world->invariant = hitless;
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 20 * SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 1);
	assert_int_equal(s.r1->row_count, 1);
	world_free(s.world);
}

/* The other way is taken as soon as it is configured. */
static void ike_auth_from_now_on(void **state)
{
	struct scene s = setup(29);

	(void)state;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	memset(requests, 0, sizeof(requests));
	s.world->wire = count_requests;
	s.r1->member_config.ike_auth = true;
	gikev2_member_update(s.r1->member, &s.r1->member_config, s.world->now);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(requests[GIKEV2_GSA_REGISTRATION], 1);
	/* the same once more is no news */
	gikev2_member_update(s.r1->member, &s.r1->member_config, s.world->now);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(requests[GIKEV2_GSA_REGISTRATION], 1);
	world_free(s.world);
}

static void refused_after_ike_auth(void **state)
{
	struct scene s = setup(28);

	(void)state;
	s.ks->peers[0].authorized = false;
	s.r1->member_config.ike_auth = true;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_WAIT);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_NOT_AUTHORIZED);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			 -GIKEV2_ERR_NOT_AUTHORIZED);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	world_free(s.world);
}

/* A router may be its own key server. */
static void own_member(void **state)
{
	struct scene s = setup(9);

	(void)state;
	world_acquaint(s.ks, s.ks, "self", "self");
	world_join(s.ks, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(world_state(s.ks), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 20 * SECOND);
	assert_int_equal(s.ks->row_count, 1);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_REKEYED], 1);
	world_free(s.world);
}

/* -------------------------------------------------------------------- rolls */

static void roll_timeline(void **state)
{
	struct scene s = setup(10);
	struct keytable_row old;
	uint64_t received;

	(void)state;
	join_all(&s);
	world_run(s.world, 100 * SECOND);
	s.world->invariant = hitless;
	assert_int_equal(s.r1->row_count, 1);
	old = s.r1->rows[0];

	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	received = s.world->now + WORLD_MS;
	world_run(s.world, 10 * WORLD_MS);
	assert_int_equal(s.r1->row_count, 2);
	/* accepted at once, used for sending from ATD on, without a gap */
	assert_true(keytable_row_can_accept(&s.r1->rows[1], s.world->now));
	assert_int_equal(s.r1->rows[1].send_start, received + 5 * SECOND);
	assert_int_equal(s.r1->rows[0].send_end, received + 5 * SECOND);
	assert_int_equal(s.r1->rows[0].accept_end, received + 15 * SECOND);
	assert_int_equal(world_sender(s.r1)->id, old.id);
	assert_int_not_equal(s.r1->rows[1].id, old.id);

	world_run(s.world, 5 * SECOND);
	assert_int_equal(world_sender(s.r1)->id, s.r1->rows[1].id);
	assert_true(world_accepts(s.r1, &old));
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.r1->row_count, 1);
	assert_false(world_accepts(s.r1, &old));
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_ACKNOWLEDGED], 3);
	world_free(s.world);
}

static void rolls_by_lifetime(void **state)
{
	struct scene s = setup(11);

	(void)state;
	join_all(&s);
	world_run(s.world, 10 * SECOND);
	s.world->invariant = hitless;
	world_run(s.world, 20 * 3600 * SECOND);
	/* one each 48 minutes, and nobody had to register again */
	assert_in_range(s.ks->events[GIKEV2_EVENT_ROLLED], 24, 26);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 1);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_KEYS_EXPIRED], 0);
	world_free(s.world);
}

/* Delays that leave room for retransmissions. */
static void patient(struct scene *s)
{
	gikev2_group_del(s->ks->group, s->world->now);
	world_serve(s->ks, KEYTABLE_HMAC_SHA_256, 36000, 60, 120);
}

static void rolls_over_a_bad_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct scene s = setup(seed);

		/* enough tries for no exchange to fail altogether */
		s.world->params.retransmit_tries = 12;
		for (size_t i = 0; i < s.world->node_count; i++)
			gikev2_set_params(s.world->nodes[i].engine,
					  &s.world->params);
		patient(&s);
		join_all(&s);
		world_run(s.world, 60 * SECOND);
		s.world->loss = 15;
		s.world->duplication = 20;
		s.world->jitter = 400 * WORLD_MS;
		s.world->invariant = hitless;
		for (int i = 0; i < 20; i++) {
			assert_int_equal(gikev2_group_rekey(s.ks->group,
							    s.world->now),
					 0);
			world_run(s.world, 130 * SECOND);
		}
		assert_true(s.r1->events[GIKEV2_EVENT_REKEYED] +
				    s.r1->events[GIKEV2_EVENT_REGISTERED] >
			    10);
		world_free(s.world);
	}
}

/* A newcomer in the middle of a roll gets both keys and the time left. */
static void join_during_roll(void **state)
{
	struct scene s = setup(13);

	(void)state;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 100 * SECOND);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 2 * SECOND);
	s.world->invariant = hitless;
	world_join(s.r2, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, SECOND);
	assert_int_equal(s.r2->row_count, 2);
	assert_int_equal(world_sender(s.r2)->id, s.r1->rows[0].id);
	world_run(s.world, 4 * SECOND);
	world_join(s.r3, s.ks, WORLD_ALL_ALGORITHMS); /* ATD has passed */
	world_run(s.world, SECOND);
	assert_int_equal(s.r3->row_count, 2);
	assert_int_equal(world_sender(s.r3)->id, s.r3->rows[1].id);
	world_run(s.world, 20 * SECOND);
	assert_int_equal(s.r2->row_count, 1);
	assert_int_equal(s.r3->row_count, 1);
	world_free(s.world);
}

/* Rolls faster than DTD: generations pile up, then the server says no. */
static void overlapping_rolls(void **state)
{
	struct scene s = setup(14);
	int ret = 0;

	(void)state;
	join_all(&s);
	world_run(s.world, 100 * SECOND);
	s.world->invariant = hitless;
	for (int i = 0; i < GIKEV2_GENERATIONS_MAX - 1; i++) {
		assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now),
				 0);
		world_run(s.world, SECOND);
	}
	ret = gikev2_group_rekey(s.ks->group, s.world->now);
	assert_int_equal(ret, -GIKEV2_ERR_BUSY);
	world_run(s.world, 20 * SECOND);
	assert_int_equal(s.r1->row_count, 1);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_free(s.world);
}

/* A roll to an algorithm that one member cannot do. */
static void policy_refused(void **state)
{
	struct scene s = setup(15);

	(void)state;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_join(s.r2, s.ks, KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_256));
	world_run(s.world, 100 * SECOND);
	s.ks->group_config.protocols[0].algorithm = KEYTABLE_HMAC_SHA_512;
	assert_int_equal(gikev2_group_update(s.ks->group, &s.ks->group_config,
					     s.world->now),
			 0);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 1);
	assert_int_equal(s.r2->events[GIKEV2_EVENT_POLICY_REFUSED], 1);
	assert_int_equal(s.r2->events[GIKEV2_EVENT_REKEYED], 0);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
			 -GIKEV2_ERR_NO_PROPOSAL);
	/* what it holds lives on to its end, and not beyond */
	assert_int_equal(s.r2->row_count, 1);
	world_run(s.world, 3600 * SECOND);
	assert_int_equal(s.r2->row_count, 0);
	assert_int_equal(s.r2->events[GIKEV2_EVENT_KEYS_EXPIRED], 1);
	world_free(s.world);
}

/* ----------------------------------------------------- loss of the other end */

static void server_restarts(void **state)
{
	struct scene s = setup(16);

	(void)state;
	join_all(&s);
	world_run(s.world, 300 * SECOND);
	s.world->invariant = hitless;
	world_boot(s.ks);
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_run(s.world, 50 * SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 2);
	assert_int_equal(s.r2->events[GIKEV2_EVENT_REGISTERED], 2);
	assert_int_equal(s.r3->events[GIKEV2_EVENT_REGISTERED], 2);
	world_run(s.world, 100 * SECOND);
	assert_int_equal(s.r1->row_count, 1);
	assert_int_equal(s.r1->rows[0].id, s.r3->rows[0].id);
	world_free(s.world);
}

static void server_unreachable(void **state)
{
	struct scene s = setup(17);

	(void)state;
	join_all(&s);
	world_run(s.world, 300 * SECOND);
	s.ks->up = false;
	s.world->invariant = hitless;
	world_run(s.world, 3000 * SECOND);
	assert_true(s.r1->events[GIKEV2_EVENT_SERVER_LOST] == 1);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_SERVER_LOST],
			 -GIKEV2_ERR_TIMEOUT);
	assert_int_equal(s.r1->row_count, 1);
	world_run(s.world, 600 * SECOND);
	assert_int_equal(s.r1->row_count, 0);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_KEYS_EXPIRED], 1);
	/* back again: it never stopped trying */
	s.ks->up = true;
	world_run(s.world, 130 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_non_null(world_sender(s.r1));
	world_free(s.world);
}

static void member_restarts(void **state)
{
	struct scene s = setup(18);

	(void)state;
	join_all(&s);
	world_run(s.world, 300 * SECOND);
	s.world->invariant = hitless;
	world_boot(s.r1);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	/* the server keeps one registration of each */
	assert_int_equal(s.ks->engine->totals.ike_sas, 3);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
			 -GIKEV2_ERR_REPLACED);
	world_free(s.world);
}

static void member_vanishes(void **state)
{
	struct scene s = setup(19);

	(void)state;
	join_all(&s);
	world_run(s.world, 30 * SECOND);
	world_crash(s.r1);
	world_run(s.world, 200 * SECOND);
	assert_int_equal(s.ks->engine->totals.ike_sas, 2);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
			 -GIKEV2_ERR_TIMEOUT);
	world_free(s.world);
}

static void member_leaves(void **state)
{
	struct scene s = setup(20);

	(void)state;
	join_all(&s);
	world_run(s.world, 30 * SECOND);
	gikev2_member_del(s.r1->member, s.world->now);
	assert_int_equal(s.r1->row_count, 0);
	world_run(s.world, SECOND);
	assert_int_equal(s.r1->engine->totals.ike_sas, 0);
	assert_int_equal(s.ks->engine->totals.ike_sas, 2);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
			 -GIKEV2_ERR_LEFT);
	world_free(s.world);
}

static void operator_clears_member(void **state)
{
	struct scene s = setup(21);

	(void)state;
	join_all(&s);
	world_run(s.world, 100 * SECOND);
	s.world->invariant = hitless;
	assert_int_equal(gikev2_group_end_member(s.ks->group, &s.r1->identity,
						 -GIKEV2_ERR_ADMIN,
						 s.world->now),
			 1);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
			 -GIKEV2_ERR_ADMIN);
	/* it comes back by itself, its keys lived on */
	assert_int_equal(s.r1->events[GIKEV2_EVENT_SERVER_LOST], 1);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 2);
	world_free(s.world);
}

static void revoked_member_loses_its_keys(void **state)
{
	struct scene s = setup(22);

	(void)state;
	join_all(&s);
	world_run(s.world, 100 * SECOND);
	s.ks->peers[0].authorized = false;
	gikev2_group_end_member(s.ks->group, &s.r1->identity, -GIKEV2_ERR_ADMIN,
				s.world->now);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.r1->row_count, 0);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_EXCLUDED], 1);
	assert_int_equal(s.r2->row_count, 1);
	world_free(s.world);
}

/* ----------------------------------------------------------------- bad input */

static void half_open_bounded(void **state)
{
	struct world *world = world_new(23);
	struct world_node *ks = world_add(world, "ks");
	struct world_node *stranger = world_add(world, "stranger");

	(void)state;
	world->params.half_open_max = 5;
	gikev2_set_params(ks->engine, &world->params);
	world_serve(ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	strcpy(stranger->psk, "x");
	for (int i = 0; i < 20; i++) {
		/* each start is an IKE_SA_INIT of its own */
		world_join(stranger, ks, WORLD_ALL_ALGORITHMS);
		world_step(world, GIKEV2_NEVER);
		world->queued = 0;
		gikev2_member_del(stranger->member, world->now);
	}
	assert_int_equal(ks->engine->totals.half_open, 5);
	/* a full house asks who is there */
	assert_int_equal(dropped(ks, GIKEV2_ERR_COOKIE), 15);
	/* they do not stay for ever */
	stranger->up = false;
	world_run(world, 31 * SECOND);
	assert_int_equal(ks->engine->totals.half_open, 0);
	world_free(world);
}

static bool corrupt(struct world *world, struct world_datagram *datagram)
{
	uint32_t what = world_random(world);

	if (what % 3 == 0)
		datagram->octets[world_random(world) % datagram->len] ^=
			1u << (what >> 8) % 8;
	else if (what % 7 == 0)
		datagram->len = world_random(world) % datagram->len;
	return true;
}

/* Each key of a member is one that the server made. */
static void genuine(struct world *world)
{
	struct gikev2_group_status status;
	struct world_node *ks = &world->nodes[0];

	gikev2_group_get_status(ks->group, world->now, &status);
	for (size_t i = 0; i < status.row_count; i++) {
		/* by value: what the server forgets, members may hold longer */
		ks->rows[status.rows[i].id % KEYTABLE_ROWS_MAX] =
			status.rows[i];
		ks->row_count = KEYTABLE_ROWS_MAX;
	}
	for (size_t i = 1; i < world->node_count; i++)
		for (size_t j = 0; j < world->nodes[i].row_count; j++) {
			struct keytable_row *row = &world->nodes[i].rows[j];
			struct keytable_row *made =
				&ks->rows[row->id % KEYTABLE_ROWS_MAX];

			assert_int_equal(row->id, made->id);
			assert_int_equal(row->algorithm, made->algorithm);
			assert_memory_equal(row->key, made->key, made->key_len);
		}
}

/* Whatever happens to datagrams, what gets through is right. */
static void corrupted_datagrams(void **state)
{
	uint64_t bad = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct scene s = setup(seed);

		patient(&s);
		s.world->wire = corrupt;
		s.world->invariant = genuine;
		join_all(&s);
		world_run(s.world, 600 * SECOND);
		gikev2_group_rekey(s.ks->group, s.world->now);
		world_run(s.world, 300 * SECOND);
		bad += dropped(s.ks, GIKEV2_ERR_BAD_ICV) +
		       dropped(s.r1, GIKEV2_ERR_BAD_ICV);
		/* and it all comes right when the network does */
		s.world->wire = NULL;
		world_run(s.world, 400 * SECOND);
		for (size_t i = 1; i < s.world->node_count; i++)
			assert_int_equal(world_state(&s.world->nodes[i]),
					 GIKEV2_GM_KEY_TABLE);
		hitless(s.world);
		world_free(s.world);
	}
	assert_true(bad > 100);
}

static struct world_datagram recorded;

static bool record_gsa_auth(struct world *world,
			    struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[18] == GIKEV2_GSA_AUTH &&
	    !(datagram->octets[19] & GIKEV2_FLAG_R))
		recorded = *datagram;
	return true;
}

/* A repeated request is answered again and processed once. */
static void repeated_request(void **state)
{
	struct scene s = setup(24);
	struct gikev2_path path;
	uint64_t sent;

	(void)state;
	s.world->wire = record_gsa_auth;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, SECOND);
	path = (struct gikev2_path){ recorded.path.remote,
				     recorded.path.local };
	sent = s.ks->engine->totals.datagrams_out;
	assert_int_equal(gikev2_input(s.ks->engine, &path, recorded.octets,
				      recorded.len, s.world->now),
			 -GIKEV2_ERR_DUPLICATE);
	assert_int_equal(s.ks->engine->totals.datagrams_out, sent + 1);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 1);
	world_run(s.world, SECOND);
	/* and the member, which asked nothing, takes no notice */
	assert_int_equal(dropped(s.r1, GIKEV2_ERR_UNSOLICITED), 1);
	/* once another request came, the old one is out of the window */
	world_run(s.world, 60 * SECOND);
	assert_int_equal(gikev2_input(s.ks->engine, &path, recorded.octets,
				      recorded.len, s.world->now),
			 -GIKEV2_ERR_OLD_MESSAGE);
	world_free(s.world);
}

/* A forged "I do not know you" makes a member ask again, and lose nothing. */
static void forged_hint(void **state)
{
	struct scene s = setup(25);
	uint8_t forged[GIKEV2_HEADER_LEN + 8] = { 0 };
	struct gikev2_header header = { .next = GIKEV2_PLD_NOTIFY,
					.version = GIKEV2_VERSION,
					.exchange = GIKEV2_INFORMATIONAL,
					.flags = GIKEV2_FLAG_R,
					.length = sizeof(forged) };
	struct gikev2_path path = { s.r1->address, s.ks->address };
	struct gikev2_ike *ike;

	(void)state;
	join_all(&s);
	world_run(s.world, 10 * SECOND);
	s.world->invariant = hitless;
	s.ks->up = false; /* so that the liveness check stays open */
	world_run(s.world, 35 * SECOND);
	ike = only_ike(s.r1);
	assert_non_null(ike->request.ptr);
	memcpy(header.spi_i, ike->spi_i, GIKEV2_SPI_LEN);
	memcpy(header.spi_r, ike->spi_r, GIKEV2_SPI_LEN);
	header.id = ike->send_id;
	gikev2_header_put(forged, &header);
	forged[GIKEV2_HEADER_LEN + 3] = 8;
	forged[GIKEV2_HEADER_LEN + 7] = GIKEV2_N_INVALID_IKE_SPI;
	for (int i = 0; i < 50; i++)
		assert_int_equal(gikev2_input(s.r1->engine, &path, forged,
					      sizeof(forged), s.world->now),
				 -GIKEV2_ERR_UNPROTECTED);
	gikev2_expire(s.r1->engine, s.world->now);
	/* one more attempt, the old SA is still there */
	assert_int_equal(s.r1->engine->totals.ike_sas, 2);
	s.ks->up = true;
	world_run(s.world, 20 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s.r1->engine->totals.ike_sas, 1);
	world_free(s.world);
}

static void headers_that_are_wrong(void **state)
{
	struct scene s = setup(26);
	struct gikev2_path path = { s.ks->address, s.r1->address };
	uint8_t octets[GIKEV2_HEADER_LEN] = { 1 };
	struct gikev2_header header = { .spi_i = { 1 },
					.version = GIKEV2_VERSION,
					.exchange = GIKEV2_IKE_SA_INIT,
					.flags = GIKEV2_FLAG_I,
					.length = sizeof(octets) };
	struct {
		int expected;
		struct gikev2_header header;
		size_t len;
	} cases[12];
	size_t count = 0;

	(void)state;
#define CASE(err, length_, change)                                             \
	do {                                                                   \
		struct gikev2_header *h = &cases[count].header;                \
                                                                               \
		*h = header;                                                   \
		change;                                                        \
		cases[count].expected = -GIKEV2_ERR_##err;                     \
		cases[count++].len = length_;                                  \
	} while (0)
	CASE(TOO_SHORT, 27, (void)h);
	CASE(BAD_LENGTH, 28, h->length = 29);
	CASE(BAD_VERSION, 28, h->version = 0x10);
	CASE(BAD_EXCHANGE, 28, h->exchange = 99);
	CASE(BAD_FLAGS, 28, h->flags = 0);
	CASE(BAD_FLAGS, 28, h->spi_r[0] = 1);
	CASE(BAD_SYNTAX, 28, h->spi_i[0] = 0);
	CASE(OLD_MESSAGE, 28, h->id = 1);
	CASE(UNSOLICITED, 28, h->flags = GIKEV2_FLAG_R);
	CASE(BAD_PAYLOADS, 28, (void)h);
	CASE(UNKNOWN_SPI, 28, h->exchange = GIKEV2_GSA_AUTH);
	CASE(BAD_SYNTAX, 28, h->next = GIKEV2_PLD_SA);
#undef CASE
	for (size_t i = 0; i < count; i++) {
		gikev2_header_put(octets, &cases[i].header);
		assert_int_equal(gikev2_input(s.ks->engine, &path, octets,
					      cases[i].len, s.world->now),
				 cases[i].expected);
		assert_true(dropped(s.ks, -cases[i].expected) > 0);
	}
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	world_free(s.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registration_step_by_step),
		cmocka_unit_test(all_algorithms),
		cmocka_unit_test(wrong_psk),
		cmocka_unit_test(unknown_identity),
		cmocka_unit_test(not_authorized),
		cmocka_unit_test(unknown_group),
		cmocka_unit_test(algorithm_not_offered),
		cmocka_unit_test(server_with_another_name),
		cmocka_unit_test(no_offers_stay_idle),
		cmocka_unit_test(registration_after_ike_auth),
		cmocka_unit_test(ike_auth_from_now_on),
		cmocka_unit_test(refused_after_ike_auth),
		cmocka_unit_test(own_member),
		cmocka_unit_test(roll_timeline),
		cmocka_unit_test(rolls_by_lifetime),
		cmocka_unit_test(rolls_over_a_bad_network),
		cmocka_unit_test(join_during_roll),
		cmocka_unit_test(overlapping_rolls),
		cmocka_unit_test(policy_refused),
		cmocka_unit_test(server_restarts),
		cmocka_unit_test(server_unreachable),
		cmocka_unit_test(member_restarts),
		cmocka_unit_test(member_vanishes),
		cmocka_unit_test(member_leaves),
		cmocka_unit_test(operator_clears_member),
		cmocka_unit_test(revoked_member_loses_its_keys),
		cmocka_unit_test(half_open_bounded),
		cmocka_unit_test(corrupted_datagrams),
		cmocka_unit_test(repeated_request),
		cmocka_unit_test(forged_hint),
		cmocka_unit_test(headers_that_are_wrong),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
