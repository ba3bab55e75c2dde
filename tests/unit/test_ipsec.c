// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Groups of IPsec SAs, both ends in memory: our own form and RFC 9838's,
 * Sender-IDs, and algorithms that every member can do.
 */
#include "gikev2/gikev2_group.h"
#include "test_ipsec_util.h"

/* ---------------------------------------------------------------------- forms */

static void own_form(void **state)
{
	static const struct keytable_suite suites[] = {
		{ 0, 0, 12 },	 { 0, 0, 13 },	 { 0, 0, 14 },
		{ 11, 0, 2 },	 { 11, 0, 12 },	 { 12, 128, 12 },
		{ 12, 256, 14 }, { 20, 128, 0 }, { 20, 256, 0 },
		{ 21, 128, 0 },	 { 21, 256, 0 }, { 28, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
		struct scene s = setup(1 + i);
		const struct keytable_row *row;

		add_protocol(&s, i & 1 ? PIM : OSPF6, suites[i]);
		world_serve_config(s.ks);
		for (size_t j = 0; j < 3; j++) {
			offer(s.r[j], PIM, ALL_TRANSFORMS);
			offer(s.r[j], OSPF6, ALL_TRANSFORMS);
			world_join_config(s.r[j], s.ks);
		}
		world_run(s.world, 10 * SECOND);
		for (size_t j = 0; j < 3; j++) {
			assert_int_equal(s.r[j]->row_count, 1);
			row = &s.r[j]->rows[0];
			assert_true(keytable_row_valid(row));
			assert_int_equal(row->protocol, i & 1 ? PIM : OSPF6);
			assert_int_equal(row->ipsec.families,
					 i & 1 ? 3 : KEYTABLE_IPV6);
			assert_int_equal(row->ipsec.wire, row->protocol);
			assert_int_equal(row->direction, KEYTABLE_BOTH);
			assert_true(same_key(row, &s.r[0]->rows[0]));
		}
		roll_and_watch(&s, 3);
		world_free(s.world);
	}
}

/* One of another make gets the same keys, in words that it knows. */
static void plain_form(void **state)
{
	struct scene s = setup(20);
	const struct keytable_row *own, *plain;

	(void)state;
	add_protocol(&s, PIM, esp_null);
	world_serve_config(s.ks);
	strange(s.r[1]);
	join_pim(&s, 0);
	join_pim(&s, 1);
	world_run(s.world, 10 * SECOND);
	own = &s.r[0]->rows[0];
	plain = &s.r[1]->rows[0];
	assert_int_equal(s.r[0]->row_count, 1);
	assert_int_equal(s.r[1]->row_count, 1);
	assert_true(same_key(own, plain));
	assert_int_equal(own->ipsec.wire, PIM);
	assert_int_equal(plain->ipsec.wire, GIKEV2_PROTO_ESP);
	assert_int_equal(plain->protocol, PIM);
	assert_int_equal(plain->ipsec.families, KEYTABLE_IPV4);
	roll_and_watch(&s, 10);
	assert_int_equal(s.r[1]->row_count, 1);
	assert_int_equal(s.r[1]->events[GIKEV2_EVENT_REKEYED], 10);
	world_free(s.world);
}

/* Who comes while the group goes from AH to ESP is not given both in one answer. */
static void ah_becomes_esp(void **state)
{
	struct scene s = setup(27);

	(void)state;
	add_protocol(&s, PIM, ah);
	world_serve_config(s.ks);
	strange(s.r[1]);
	strange(s.r[2]);
	for (size_t i = 0; i < 2; i++)
		join_pim(&s, i);
	world_run(s.world, 30 * SECOND);
	s.ks->group_config.protocols[0].suite = esp_null;
	update(&s);
	world_run(s.world, SECOND);
	join_pim(&s, 2);
	join_pim(&s, 3);
	world_run(s.world, SECOND);
	assert_int_equal(s.r[0]->row_count, 2);
	assert_int_equal(s.r[1]->row_count, 2);
	assert_int_equal(s.r[2]->row_count, 1);
	assert_int_equal(s.r[2]->rows[0].ipsec.wire, GIKEV2_PROTO_ESP);
	assert_int_equal(s.r[3]->row_count, 2);
	world_run(s.world, 60 * SECOND);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(s.r[i]->row_count, 1);
		assert_true(same_key(&s.r[i]->rows[0], &s.r[0]->rows[0]));
		assert_true(
			keytable_row_can_send(&s.r[i]->rows[0], s.world->now));
	}
	world_free(s.world);
}

/* It gets what can be said to it, and is refused only if nothing can. */
static void some_of_it_plain(void **state)
{
	struct scene s = setup(21);

	(void)state;
	s.ks->group_config.protocols[0] =
		(struct gikev2_group_protocol){ 201, KEYTABLE_HMAC_SHA_256,
						3600 };
	s.ks->group_config.protocol_count = 1;
	add_protocol(&s, OSPF6, ah);
	add_protocol(&s, PIM, aes_cbc);
	world_serve_config(s.ks);
	for (size_t i = 0; i < 3; i++) {
		if (i)
			strange(s.r[i]);
		offer(s.r[i], 201, WORLD_ALL_ALGORITHMS);
		if (i < 2) {
			offer(s.r[i], PIM, ALL_TRANSFORMS);
			offer(s.r[i], OSPF6, ALL_TRANSFORMS);
		}
		world_join_config(s.r[i], s.ks);
	}
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.r[0]->row_count, 3);
	assert_int_equal(s.r[1]->row_count, 2);
	assert_int_equal(s.r[1]->rows[0].protocol, OSPF6);
	assert_int_equal(s.r[1]->rows[0].ipsec.wire, GIKEV2_PROTO_AH);
	assert_int_equal(s.r[1]->rows[1].protocol, PIM);
	assert_int_equal(s.r[1]->rows[1].ipsec.wire, GIKEV2_PROTO_ESP);
	/* no two of them have one SPI: in plain form one number is for both */
	assert_int_not_equal(s.r[0]->rows[1].id, s.r[0]->rows[2].id);
	assert_int_equal(s.r[2]->row_count, 0);
	assert_int_equal(s.r[2]->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_NO_PROPOSAL);
	world_free(s.world);
}

/* What goes to all has one form; another cannot be had beside it. */
static void multicast_has_one_form(void **state)
{
	(void)state;
	for (int plain = 0; plain < 2; plain++) {
		struct scene s = setup(22 + plain);

		multicast(&s);
		s.ks->group_config.plain = plain;
		add_protocol(&s, PIM, esp_null);
		world_serve_config(s.ks);
		strange(s.r[1]);
		for (size_t i = 0; i < 3; i++)
			join_pim(&s, i);
		world_run(s.world, 30 * SECOND);
		assert_int_equal(s.r[0]->row_count, 1);
		assert_int_equal(s.r[1]->row_count, plain);
		assert_int_equal(s.r[0]->rows[0].ipsec.wire,
				 plain ? GIKEV2_PROTO_ESP : PIM);
		if (!plain)
			assert_int_equal(
				s.r[1]->event_err
					[GIKEV2_EVENT_REGISTRATION_FAILED],
				-GIKEV2_ERR_NO_PROPOSAL);
		roll_and_watch(&s, 5);
		assert_int_equal(s.r[0]->events[GIKEV2_EVENT_REKEYED], 5);
		world_free(s.world);
	}
}

/* A configuration that nobody could be told of is none. */
static void configs_refused(void **state)
{
	struct scene s = setup(24);
	struct gikev2_group_config *config = &s.ks->group_config;
	struct gikev2_group_protocol *p = add_protocol(&s, PIM, esp_null);

	(void)state;
	config->id = (struct gikev2_id){ .type = GIKEV2_ID_KEY_ID,
					 .len = 1,
					 .data = "x" };
#define REFUSED(...)                                                           \
	do {                                                                   \
		struct gikev2_group_config good = *config;                     \
		__VA_ARGS__;                                                   \
		assert_null(gikev2_group_add(s.ks->engine, s.ks, config, 0));  \
		*config = good;                                                \
	} while (0)
	REFUSED(p->suite.integ = 0);
	REFUSED(p->suite.integ = 99);
	REFUSED(p->algorithm = KEYTABLE_HMAC_SHA_256);
	REFUSED(p->protocol = GIKEV2_PROTO_ESP);
	REFUSED(p->protocol = 201);
	REFUSED(config->sender_id_bits = 10);
	REFUSED(p->per_sender = config->plain = true);
	REFUSED(p->fallback_count = 1); /* of nothing */
	REFUSED(p->fallback_count = GIKEV2_FALLBACKS_MAX + 1);
	REFUSED({
		config->plain = true;
		*p = (struct gikev2_group_protocol){ 201, 3, 3600 };
	});
	REFUSED({
		*p = (struct gikev2_group_protocol){ 201, 3, 3600 };
		p->per_sender = true;
	});
	world_free(s.world);
}

/* ----------------------------------------------------------------- Sender-IDs */

static const struct keytable_ipsec *ipsec(const struct world_node *node)
{
	assert_true(node->row_count > 0);
	return &node->rows[node->row_count - 1].ipsec;
}

/* Nobody has a Sender-ID that another one has, or that was another's. */
static void sender_ids(void **state)
{
	struct scene s = setup(30);
	uint16_t seen = 0;

	(void)state;
	add_protocol(&s, PIM, aes_gcm);
	world_serve_config(s.ks);
	s.r[1]->member_config.sender_ids = 3;
	for (size_t i = 0; i < 3; i++)
		join_pim(&s, i);
	world_run(s.world, 10 * SECOND);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(ipsec(s.r[i])->sender_id_bits, 16);
		assert_int_equal(ipsec(s.r[i])->sender_id_count,
				 i == 1 ? 3 : 1);
		for (size_t j = 0; j < ipsec(s.r[i])->sender_id_count; j++) {
			assert_int_equal(
				seen & 1u << ipsec(s.r[i])->sender_ids[j], 0);
			seen |= 1u << ipsec(s.r[i])->sender_ids[j];
		}
	}
	assert_int_equal(seen, 0x1f); /* from zero, without gaps */
	/* a rekey tells none: what there is is for the new SAs, too */
	roll_and_watch(&s, 3);
	assert_int_equal(ipsec(s.r[0])->sender_ids[0], 0);
	/* a registration tells others */
	gikev2_member_reregister(s.r[0]->member, s.world->now);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(ipsec(s.r[0])->sender_ids[0], 5);
	roll_and_watch(&s, 1);
	assert_int_equal(ipsec(s.r[0])->sender_ids[0], 5);
	world_free(s.world);
}

/* No counter mode, no Sender-IDs. */
static void no_sender_ids(void **state)
{
	struct scene s = setup(31);

	(void)state;
	add_protocol(&s, PIM, aes_cbc);
	world_serve_config(s.ks);
	join_pim(&s, 0);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(ipsec(s.r[0])->sender_id_bits, 0);
	assert_int_equal(ipsec(s.r[0])->sender_id_count, 0);
	assert_int_equal(*gikev2_group_next_sender_id(s.ks->group), 0);
	world_free(s.world);
}

/* A policy that turns to a counter mode: a rekey cannot tell Sender-IDs, a
 * registration has to, and until then the old keys do. */
static void turns_to_counter_mode(void **state)
{
	(void)state;
	for (int multi = 0; multi < 2; multi++) {
		struct scene s = setup(32 + multi);

		if (multi)
			multicast(&s);
		s.world->params.recovery_time = 2 * SECOND;
		add_protocol(&s, PIM, esp_null);
		for (size_t i = 0; i < s.world->node_count; i++)
			gikev2_set_params(s.world->nodes[i].engine,
					  &s.world->params);
		world_serve_config(s.ks);
		for (size_t i = 0; i < 3; i++)
			join_pim(&s, i);
		world_run(s.world, 10 * SECOND);
		s.ks->group_config.protocols[0].suite = aes_gcm;
		s.world->invariant = hitless;
		update(&s);
		world_run(s.world, 30 * SECOND);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(s.r[i]->row_count, 1);
			assert_int_equal(ipsec(s.r[i])->suite.encr, 20);
			assert_int_equal(ipsec(s.r[i])->sender_id_count, 1);
			assert_int_equal(
				s.r[i]->events[GIKEV2_EVENT_REGISTERED], 2);
		}
		assert_int_not_equal(ipsec(s.r[0])->sender_ids[0],
				     ipsec(s.r[1])->sender_ids[0]);
		world_free(s.world);
	}
}

/* The last one is handed out: all come again, to keys and numbers that are
 * fresh. */
static void sender_ids_used_up(void **state)
{
	(void)state;
	for (int multi = 0; multi < 2; multi++) {
		struct scene s = setup(34 + multi);
		struct keytable_row before;
		uint32_t seen = 0;

		if (multi)
			multicast(&s);
		s.ks->group_config.sender_id_bits = 8;
		add_protocol(&s, PIM, aes_gcm);
		world_serve_config(s.ks);
		*gikev2_group_next_sender_id(s.ks->group) = 253;
		s.r[2]->member_config.sender_ids = 2;
		for (size_t i = 0; i < 3; i++) {
			join_pim(&s, i);
			world_run(s.world, SECOND);
		}
		/* fewer than asked for, when there are no more */
		assert_int_equal(ipsec(s.r[2])->sender_id_count, 1);
		assert_int_equal(ipsec(s.r[2])->sender_ids[0], 255);
		before = s.r[0]->rows[0];
		assert_int_equal(s.ks->events[GIKEV2_EVENT_CLEARED], 0);
		join_pim(&s, 3);
		world_run(s.world, 60 * SECOND);
		assert_int_equal(s.ks->events[GIKEV2_EVENT_CLEARED], 1);
		for (size_t i = 0; i < MEMBERS; i++) {
			const struct keytable_ipsec *x = ipsec(s.r[i]);

			assert_int_equal(s.r[i]->row_count, 1);
			assert_false(same_key(&s.r[i]->rows[0], &before));
			assert_true(
				same_key(&s.r[i]->rows[0], &s.r[0]->rows[0]));
			for (size_t j = 0; j < x->sender_id_count; j++) {
				assert_true(x->sender_ids[j] < 8);
				assert_int_equal(seen & 1u << x->sender_ids[j],
						 0);
				seen |= 1u << x->sender_ids[j];
			}
		}
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(s.r[i]->events[GIKEV2_EVENT_EXCLUDED],
					 1);
		roll_and_watch(&s, 3);
		world_free(s.world);
	}
}

/* ---------------------------------------------------- what every member can do */

static struct gikev2_group_status status_of(struct scene *s)
{
	struct gikev2_group_status status;

	gikev2_group_get_status(s->ks->group, s->world->now, &status);
	return status;
}

static void serve_with_fallback(struct scene *s)
{
	s->ks->group_config.protocols[0] = (struct gikev2_group_protocol){
		.protocol = 201,
		.algorithm = KEYTABLE_HMAC_SHA_512,
		.lifetime = 3600,
		.fallback = { { .algorithm = KEYTABLE_HMAC_SHA_384 },
			      { .algorithm = KEYTABLE_HMAC_SHA_256 } },
		.fallback_count = 2,
	};
	s->ks->group_config.protocol_count = 1;
	world_serve_config(s->ks);
}

static void join_ospf(struct scene *s, size_t i, uint32_t algorithms)
{
	s->r[i]->member_config = (struct gikev2_member_config){ 0 };
	offer(s->r[i], 201, algorithms);
	world_join_config(s->r[i], s->ks);
}

#define UP_TO_256 0xe /* MD5, HMAC-SHA-1, HMAC-SHA-256 */

/* A weak one is taken in, the group goes down to what it can do, and up again
 * when it has left. */
static void weakest_member(void **state)
{
	(void)state;
	for (int multi = 0; multi < 2; multi++) {
		struct scene s = setup(60 + multi);
		struct gikev2_group_status status;

		if (multi)
			multicast(&s);
		serve_with_fallback(&s);
		join_ospf(&s, 0, WORLD_ALL_ALGORITHMS);
		join_ospf(&s, 1, WORLD_ALL_ALGORITHMS);
		world_run(s.world, 10 * SECOND);
		assert_int_equal(s.r[0]->rows[0].algorithm,
				 KEYTABLE_HMAC_SHA_512);
		assert_int_equal(status_of(&s).holdback_count, 0);

		join_ospf(&s, 2, UP_TO_256);
		world_run(s.world, 30 * SECOND);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(s.r[i]->row_count, 1);
			assert_int_equal(s.r[i]->rows[0].algorithm,
					 KEYTABLE_HMAC_SHA_256);
			assert_int_equal(
				s.r[i]->events[GIKEV2_EVENT_POLICY_REFUSED], 0);
		}
		status = status_of(&s);
		assert_int_equal(status.holdback_count, 1);
		assert_int_equal(status.holdback[0].members, 1);
		assert_int_equal(status.holdback[0].wanted.algorithm,
				 KEYTABLE_HMAC_SHA_512);
		assert_true(gikev2_id_equal(status.holdback[0].member,
					    &s.r[2]->identity));
		roll_and_watch(&s, 3);
		assert_int_equal(s.r[0]->rows[0].algorithm,
				 KEYTABLE_HMAC_SHA_256);

		gikev2_member_del(s.r[2]->member, s.world->now);
		s.r[2]->member = NULL;
		world_run(s.world, 5 * SECOND);
		gikev2_group_end_member(s.ks->group, &s.r[2]->identity,
					-GIKEV2_ERR_ADMIN, s.world->now);
		assert_int_equal(status_of(&s).holdback_count, 0);
		roll_and_watch(&s, 1);
		assert_int_equal(s.r[0]->rows[0].algorithm,
				 KEYTABLE_HMAC_SHA_512);
		world_free(s.world);
	}
}

/* Members that were there never notice; hitless from the first instant. */
static void down_without_a_gap(void **state)
{
	struct scene s = setup(62);

	(void)state;
	serve_with_fallback(&s);
	join_ospf(&s, 0, WORLD_ALL_ALGORITHMS);
	join_ospf(&s, 1, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 10 * SECOND);
	s.world->nodes[3].up = true;
	join_ospf(&s, 2, UP_TO_256);
	for (int i = 0; i < 200; i++) {
		world_run(s.world, SECOND / 10);
		assert_true(world_accepts(s.r[0], world_sender(s.r[1])));
		assert_true(world_accepts(s.r[1], world_sender(s.r[0])));
	}
	assert_true(world_accepts(s.r[2], world_sender(s.r[0])));
	world_free(s.world);
}

/* Who can do nothing of it, or nothing that another can, is refused. */
static void nothing_in_common(void **state)
{
	struct scene s = setup(63);

	(void)state;
	serve_with_fallback(&s);
	join_ospf(&s, 0, KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_512));
	world_run(s.world, 10 * SECOND);
	join_ospf(&s, 1, KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_1));
	join_ospf(&s, 2, KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_256));
	world_run(s.world, 10 * SECOND);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(s.r[i]->row_count, 0);
		assert_int_equal(
			s.r[i]->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			-GIKEV2_ERR_NO_PROPOSAL);
	}
	assert_int_equal(status_of(&s).generation, 1);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REFUSED] > 1, true);
	world_free(s.world);
}

/* The same router, updated: what it could do before holds nobody back. */
static void weak_one_updated(void **state)
{
	struct scene s = setup(64);

	(void)state;
	serve_with_fallback(&s);
	join_ospf(&s, 0, UP_TO_256);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.r[0]->rows[0].algorithm, KEYTABLE_HMAC_SHA_256);
	world_boot(s.r[0]);
	join_ospf(&s, 0, KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_512));
	world_run(s.world, 30 * SECOND);
	assert_int_equal(s.r[0]->row_count, 1);
	assert_int_equal(s.r[0]->rows[0].algorithm, KEYTABLE_HMAC_SHA_512);
	world_free(s.world);
}

static void join_again(struct scene *s, size_t i, uint32_t algorithms)
{
	world_boot(s->r[i]);
	s->r[i]->row_count = 0;
	join_ospf(s, i, algorithms);
	world_run(s->world, 40 * SECOND);
}

static uint16_t algorithm_in_use(struct scene *s)
{
	return gikev2_youngest(&s->ks->group->generations)->row[0].algorithm;
}

/*
 * One that says now this, now that of what it can do has the group roll up once in
 * a while, and not each time; others are served meanwhile.
 */
static void up_and_down(void **state)
{
	const uint32_t only[] = { KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_256),
				  KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_384) };
	struct scene s = setup(66);
	uint64_t first;

	(void)state;
	serve_with_fallback(&s);
	join_ospf(&s, 0, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 10 * SECOND);
	/* down, up, down: the router may have been updated */
	for (int i = 0; i < 3; i++) {
		join_again(&s, 2, only[i % 2]);
		assert_int_equal(s.r[2]->row_count, 1);
		assert_true(only[i % 2] &
			    KEYTABLE_ALGO_BIT(algorithm_in_use(&s)));
	}
	first = status_of(&s).generation;
	assert_int_equal(first, 4);
	for (int i = 0; i < 4; i++)
		join_again(&s, 2, only[1]);
	assert_int_equal(s.r[2]->row_count, 0);
	assert_int_equal(status_of(&s).generation, first);
	assert_int_equal(gikev2_counters(s.ks->engine)[GIKEV2_ERR_BUSY] > 0,
			 true);
	assert_int_equal(s.r[2]->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_REGISTRATION_FAILED);
	join_again(&s, 1, WORLD_ALL_ALGORITHMS);
	assert_int_equal(s.r[1]->rows[0].algorithm, KEYTABLE_HMAC_SHA_256);
	/* it is let in when that time is over, by itself */
	world_run(s.world, GIKEV2_UP_AGAIN);
	assert_int_equal(s.r[2]->row_count, 1);
	assert_int_equal(algorithm_in_use(&s), KEYTABLE_HMAC_SHA_384);
	world_free(s.world);
}

/* Rolls that come by themselves wait likewise, those of an operator do not. */
static void up_by_command(void **state)
{
	struct scene s = setup(67);

	(void)state;
	serve_with_fallback(&s);
	s.ks->group->up_from = s.world->now + GIKEV2_UP_AGAIN;
	join_ospf(&s, 0, UP_TO_256);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(algorithm_in_use(&s), KEYTABLE_HMAC_SHA_256);
	gikev2_group_end_member(s.ks->group, &s.r[0]->identity,
				-GIKEV2_ERR_ADMIN, s.world->now);
	assert_int_equal(gikev2_group_roll(s.ks->group, false, s.world->now),
			 0);
	assert_int_equal(algorithm_in_use(&s), KEYTABLE_HMAC_SHA_256);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	assert_int_equal(algorithm_in_use(&s), KEYTABLE_HMAC_SHA_512);
	assert_int_equal(s.ks->group->up_from, s.world->now + GIKEV2_UP_AGAIN);
	world_free(s.world);
}

/* IPsec the same: a kernel without AES-CBC. */
static void weakest_kernel(void **state)
{
	struct scene s = setup(65);
	struct gikev2_group_protocol *p = add_protocol(&s, PIM, aes_cbc);

	(void)state;
	p->fallback[0].suite = ah;
	p->fallback_count = 1;
	world_serve_config(s.ks);
	join_pim(&s, 0);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(ipsec(s.r[0])->suite.encr, 12);
	offer(s.r[1], PIM,
	      keytable_transform_bit(
		      keytable_transform_find(KEYTABLE_INTEG, 12, 0)));
	world_join_config(s.r[1], s.ks);
	world_run(s.world, 30 * SECOND);
	assert_int_equal(ipsec(s.r[0])->suite.encr, 0);
	assert_int_equal(ipsec(s.r[1])->suite.encr, 0);
	assert_int_equal(status_of(&s).holdback_count, 1);
	roll_and_watch(&s, 2);
	world_free(s.world);
}

/* ------------------------------------------------------------------ the end */

/* A key without a lifetime ends with the SA that it came over. */
static void endless_keys_end(void **state)
{
	struct scene s = setup(70);

	(void)state;
	add_protocol(&s, PIM, esp_null);
	world_serve_config(s.ks);
	strange(s.r[0]);
	join_pim(&s, 0);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.r[0]->row_count, 1);
	gikev2_member_rows(s.r[0]->member)->row[0].accept_end = KEYTABLE_NEVER;
	gikev2_member_rows(s.r[0]->member)->row[0].send_end = KEYTABLE_NEVER;
	world_crash(s.ks);
	world_run(s.world, 300 * SECOND);
	assert_int_equal(s.r[0]->row_count, 0);
	assert_int_equal(s.r[0]->events[GIKEV2_EVENT_KEYS_EXPIRED], 1);
	world_free(s.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_form),
		cmocka_unit_test(plain_form),
		cmocka_unit_test(ah_becomes_esp),
		cmocka_unit_test(some_of_it_plain),
		cmocka_unit_test(multicast_has_one_form),
		cmocka_unit_test(configs_refused),
		cmocka_unit_test(sender_ids),
		cmocka_unit_test(no_sender_ids),
		cmocka_unit_test(turns_to_counter_mode),
		cmocka_unit_test(sender_ids_used_up),
		cmocka_unit_test(weakest_member),
		cmocka_unit_test(down_without_a_gap),
		cmocka_unit_test(nothing_in_common),
		cmocka_unit_test(weak_one_updated),
		cmocka_unit_test(up_and_down),
		cmocka_unit_test(up_by_command),
		cmocka_unit_test(weakest_kernel),
		cmocka_unit_test(endless_keys_end),
	};

	return cmocka_run_group_tests_name("ipsec", tests, NULL, NULL);
}
