// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key server's multicast at work: what is lost with all its copies, the end
 * of a Rekey SA, another configuration while it runs, IPv6.
 */
#include "gikev2/gikev2_multicast.h"
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define ATD 10
#define DTD 20
#define MEMBERS 3

struct scene {
	struct world *world;
	struct world_node *ks, *r[MEMBERS];
	struct gikev2_key *key, *other_key;
};

static unsigned int rekeys; /* GSA_REKEYs sent to r1 */

static bool count_rekeys(struct world *world, struct world_datagram *datagram)
{
	rekeys += datagram->to == &world->nodes[1] &&
		  datagram->octets[18] == GIKEV2_GSA_REKEY;
	return true;
}

static struct gikev2_key *make_key(uint8_t first)
{
	const uint8_t seed[GIKEV2_ED25519_SEED_LEN] = { first };
	struct gikev2_key *key;

	assert_int_equal(gikev2_key_from_seed(seed, &key), 0);
	return key;
}

static const struct gikev2_endpoint group4 = { .family = 4,
					       .port = GIKEV2_PORT,
					       .ip = { 239, 192, 1, 1 } };
static const struct gikev2_endpoint group6 = {
	.family = 6,
	.port = GIKEV2_PORT,
	.ip = { 0xff, 0x05, [15] = 1 },
};

static struct scene setup(uint64_t seed, int family)
{
	static const char *const names[] = { "r1", "r2", "r3" };
	struct scene s = { .world = world_new(seed),
			   .key = make_key(7),
			   .other_key = make_key(8) };

	rekeys = 0;
	s.world->wire = count_rekeys;
	s.ks = world_add(s.world, "ks");
	for (size_t i = 0; i < MEMBERS; i++)
		world_acquaint(s.ks, world_add(s.world, names[i]), "secret",
			       "secret");
	for (size_t i = 0; i <= MEMBERS; i++) {
		struct world_node *node = &s.world->nodes[i];

		if (i)
			s.r[i - 1] = node;
		if (family == 6)
			node->address = (struct gikev2_endpoint){
				.family = 6,
				.port = GIKEV2_PORT,
				.ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 + i },
			};
	}
	s.ks->group_config.rekey = (struct gikev2_rekey_config){
		.destination = family == 6 ? group6 : group4,
		.lifetime = 86400,
		.copies = 3,
		.key = s.key,
	};
	return s;
}

static void begin(struct scene *s)
{
	world_serve(s->ks, KEYTABLE_HMAC_SHA_256, 3600, ATD, DTD);
	for (size_t i = 0; i < MEMBERS; i++)
		world_join(s->r[i], s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 100 * SECOND);
}

static struct scene running(uint64_t seed)
{
	struct scene s = setup(seed, 4);

	begin(&s);
	return s;
}

static void teardown(struct scene *s)
{
	world_free(s->world);
	gikev2_key_free(s->key);
	gikev2_key_free(s->other_key);
}

/* Whoever sends, all others accept. */
static void hitless(struct world *world)
{
	for (size_t i = 1; i <= MEMBERS; i++) {
		const struct keytable_row *row = world_sender(&world->nodes[i]);

		if (!world->nodes[i].row_count)
			continue;
		assert_non_null(row);
		for (size_t j = 1; j <= MEMBERS; j++)
			if (world->nodes[j].row_count)
				assert_true(
					world_accepts(&world->nodes[j], row));
	}
}

static void roll(struct scene *s)
{
	assert_int_equal(gikev2_group_rekey(s->ks->group, s->world->now), 0);
}

static void update(struct scene *s, const struct gikev2_group_config *config)
{
	s->ks->group_config = *config;
	assert_int_equal(
		gikev2_group_update(s->ks->group, config, s->world->now), 0);
}

static const struct gikev2_kek *kek_of(const struct world_node *node)
{
	return &gikev2_member_keks(node->member)->now;
}

static unsigned int registered(const struct world_node *node)
{
	return node->events[GIKEV2_EVENT_REGISTERED];
}

static uint64_t counted(const struct world_node *node, enum gikev2_err err)
{
	return gikev2_counters(node->engine)[err];
}

/* Everybody has the group's youngest keys, and nothing else. */
static void assert_settled(struct scene *s)
{
	struct gikev2_group_status status;

	world_run(s->world, (DTD + 5) * SECOND);
	gikev2_group_get_status(s->ks->group, s->world->now, &status);
	assert_int_equal(status.row_count, 1);
	assert_int_equal(status.members, MEMBERS);
	for (size_t i = 0; i < MEMBERS; i++) {
		assert_int_equal(world_state(s->r[i]), GIKEV2_GM_KEY_TABLE);
		assert_int_equal(s->r[i]->row_count, 1);
		assert_memory_equal(s->r[i]->rows[0].key, status.rows[0].key,
				    status.rows[0].key_len);
	}
}

/* ---------------------------------------------------------------------- loss */

/* All copies are lost; what is told again half way to ATD is in time. */
static void first_reminder(void **state)
{
	struct scene s = running(1);

	(void)state;
	s.world->invariant = hitless;
	s.r[0]->up = false;
	roll(&s);
	world_run(s.world, ATD * SECOND / 2 - SECOND);
	s.r[0]->up = true;
	assert_int_equal(s.r[0]->row_count, 1);
	world_run(s.world, 2 * SECOND);
	assert_int_equal(s.r[0]->row_count, 2);
	assert_int_equal(s.r[0]->events[GIKEV2_EVENT_REKEYED], 1);
	/* an ID is missing, so that more may be: it asks */
	assert_int_equal(s.r[0]->event_err[GIKEV2_EVENT_REKEY_LOST],
			 -GIKEV2_ERR_REKEY_LOST);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(registered(s.r[0]), 2);
	assert_int_equal(registered(s.r[1]), 1);
	/* to those who knew, a reminder is no news */
	assert_int_equal(s.r[1]->events[GIKEV2_EVENT_REKEYED], 1);
	assert_settled(&s);
	teardown(&s);
}

/* Not even that: once more when the old keys are over. */
static void second_reminder(void **state)
{
	struct scene s = running(2);

	(void)state;
	s.r[0]->up = false;
	roll(&s);
	world_run(s.world, (DTD - 1) * SECOND);
	s.r[0]->up = true;
	world_run(s.world, 2 * SECOND);
	assert_true(world_accepts(s.r[0], world_sender(s.r[1])));
	assert_settled(&s);
	s.world->invariant = hitless;
	roll(&s);
	assert_settled(&s);
	teardown(&s);
}

/* A message, a reminder and another one; then silence. */
static void reminders_end(void **state)
{
	struct scene s = running(3);

	(void)state;
	rekeys = 0;
	roll(&s);
	world_run(s.world, ATD * SECOND / 2 - SECOND);
	assert_int_equal(rekeys, 3);
	world_run(s.world, ATD * SECOND / 2 + SECOND);
	assert_int_equal(rekeys, 6);
	world_run(s.world, DTD * SECOND);
	assert_int_equal(rekeys, 9);
	world_run(s.world, 1000 * SECOND);
	assert_int_equal(rekeys, 9);
	teardown(&s);
}

/* A gap alone is reason to ask, once, and not all at the same instant. */
static void gap(void **state)
{
	struct scene s = running(4);
	uint64_t lost[MEMBERS] = { 0 };

	(void)state;
	s.ks->group_config.rekey.copies = 1;
	update(&s, &s.ks->group_config);
	for (size_t i = 0; i < MEMBERS; i++)
		s.r[i]->up = false;
	gikev2_multicast_keys(s.ks->group, s.world->now);
	world_run(s.world, SECOND);
	for (size_t i = 0; i < MEMBERS; i++)
		s.r[i]->up = true;
	gikev2_multicast_keys(s.ks->group, s.world->now);
	world_run(s.world, 10 * WORLD_MS);
	for (size_t i = 0; i < MEMBERS; i++) {
		struct gikev2_member_status status;

		assert_int_equal(s.r[i]->events[GIKEV2_EVENT_REKEY_LOST], 1);
		gikev2_member_get_status(s.r[i]->member, &status);
		lost[i] = status.next_try;
		assert_true(status.next_try > s.world->now);
		assert_true(status.next_try - s.world->now <= 5 * SECOND);
	}
	assert_true(lost[0] != lost[1] && lost[1] != lost[2]);
	world_run(s.world, 6 * SECOND);
	for (size_t i = 0; i < MEMBERS; i++)
		assert_int_equal(registered(s.r[i]), 2);
	/* in order: no reason */
	roll(&s);
	assert_settled(&s);
	for (size_t i = 0; i < MEMBERS; i++)
		assert_int_equal(s.r[i]->events[GIKEV2_EVENT_REKEY_LOST], 1);
	teardown(&s);
}

/* ---------------------------------------------------------- Delete of a Rekey SA */

/* The group goes: keys live on to their end, the address is left. */
static void group_goes(void **state)
{
	struct scene s = running(10);

	(void)state;
	gikev2_group_del(s.ks->group, s.world->now);
	world_run(s.world, 10 * WORLD_MS);
	for (size_t i = 0; i < MEMBERS; i++) {
		assert_false(kek_of(s.r[i])->alive);
		assert_int_equal(s.r[i]->joined, 0);
		assert_int_equal(s.r[i]->row_count, 1);
		assert_int_equal(s.r[i]->event_err[GIKEV2_EVENT_REKEY_LOST],
				 -GIKEV2_ERR_DELETED);
	}
	/* they ask, and find nobody */
	world_run(s.world, 10 * SECOND);
	assert_true(counted(s.ks, GIKEV2_ERR_NOT_SERVER) > 0);
	assert_int_equal(s.r[0]->row_count, 1);
	teardown(&s);
}

static void push_delete(struct scene *s, const uint8_t *spis, uint16_t count)
{
	struct gikev2_kek *kek = gikev2_group_kek(s->ks->group);
	struct gikev2_payloads *tx = gikev2_tx(s->ks->engine);
	struct gikev2_payload *payload =
		gikev2_payload_add(tx, GIKEV2_PLD_DELETE);
	struct gikev2_octets flight = { 0 };
	struct gikev2_path path = { kek->source, kek->destination };

	payload->delete.protocol = GIKEV2_PROTO_GIKE_UPDATE;
	payload->delete.spi_size = GIKEV2_KEK_SPI_LEN;
	payload->delete.count = count;
	payload->delete.spis =
		(struct gikev2_chunk){ spis, count * GIKEV2_KEK_SPI_LEN };
	assert_int_equal(
		gikev2_push_seal(s->ks->engine, kek, tx, true, &flight), 0);
	gikev2_flight_send(s->ks->engine, &path, gikev2_chunk(&flight));
	gikev2_octets_free(&flight);
	world_run(s->world, 10 * WORLD_MS);
}

/* By its SPI: one that nobody has, the one before, and the present one. */
static void by_spi(void **state)
{
	struct scene s = running(11);
	uint8_t spis[3 * GIKEV2_KEK_SPI_LEN] = { 9 };
	struct gikev2_keks *keks = gikev2_member_keks(s.r[0]->member);

	(void)state;
	push_delete(&s, spis, 1);
	assert_true(keks->now.alive);
	memcpy(spis + GIKEV2_KEK_SPI_LEN, keks->now.spi, GIKEV2_KEK_SPI_LEN);
	assert_int_equal(gikev2_multicast_roll(s.ks->group, s.world->now), 0);
	world_run(s.world, 10 * WORLD_MS);
	assert_true(keks->old.alive);
	assert_int_equal(s.r[0]->joined, 2);
	push_delete(&s, spis, 2);
	assert_false(keks->old.alive);
	assert_true(keks->now.alive);
	assert_int_equal(s.r[0]->joined, 1);
	assert_int_equal(s.r[0]->events[GIKEV2_EVENT_REKEY_LOST], 0);
	memcpy(spis + 2 * GIKEV2_KEK_SPI_LEN, keks->now.spi,
	       GIKEV2_KEK_SPI_LEN);
	push_delete(&s, spis, 3);
	assert_false(keks->now.alive);
	assert_int_equal(s.r[0]->joined, 0);
	assert_int_equal(s.r[0]->row_count, 1);
	/* it comes for another one */
	world_run(s.world, 6 * SECOND);
	assert_int_equal(registered(s.r[0]), 2);
	assert_true(keks->now.alive);
	s.world->invariant = hitless;
	roll(&s);
	assert_settled(&s);
	teardown(&s);
}

/* -------------------------------------------------------------- another config */

static void destination(struct scene *s, struct gikev2_rekey_config *rekey)
{
	(void)s;
	rekey->destination.ip[3]++;
	rekey->destination.port++;
}

static void source(struct scene *s, struct gikev2_rekey_config *rekey)
{
	rekey->source = s->ks->address;
}

static void lifetime(struct scene *s, struct gikev2_rekey_config *rekey)
{
	(void)s;
	rekey->lifetime = 7200;
}

static void copies(struct scene *s, struct gikev2_rekey_config *rekey)
{
	(void)s;
	rekey->copies = 5;
}

static void signer(struct scene *s, struct gikev2_rekey_config *rekey)
{
	rekey->key = s->other_key;
}

static void implicit(struct scene *s, struct gikev2_rekey_config *rekey)
{
	(void)s;
	rekey->key = NULL;
}

static void degree(struct scene *s, struct gikev2_rekey_config *rekey)
{
	(void)s;
	rekey->lkh_degree = 4;
}

static void larger_tree(struct scene *s, struct gikev2_rekey_config *rekey)
{
	(void)s;
	rekey->members_max = 100000;
}

static void smaller_tree(struct scene *s, struct gikev2_rekey_config *rekey)
{
	(void)s;
	rekey->members_max = 8;
}

static void inband(struct scene *s, struct gikev2_rekey_config *rekey)
{
	(void)s;
	*rekey = (struct gikev2_rekey_config){ 0 };
}

static const struct {
	const char *what;
	void (*change)(struct scene *s, struct gikev2_rekey_config *rekey);
	bool another_sa;	/* is announced over the one before */
	unsigned int registers; /* times, until all is well */
} changes[] = {
	{ "destination", destination, true, 1 },
	{ "source", source, true, 1 },
	{ "lifetime", lifetime, true, 1 },
	{ "copies", copies, false, 1 },
	{ "key that signs", signer, true, 1 },
	{ "smaller tree", smaller_tree, false, 1 },
	/* what a rekey cannot change ends the Rekey SA */
	{ "Implicit", implicit, false, 2 },
	{ "degree of the tree", degree, false, 2 },
	{ "larger tree", larger_tree, false, 2 },
	{ "inband", inband, false, 2 },
};

static void assert_like(const struct gikev2_kek *kek, const char *what,
			const struct gikev2_rekey_config *rekey)
{
	if (kek->alive != (rekey->destination.family != 0))
		fail_msg("%s: Rekey SA: %d", what, kek->alive);
	if (!kek->alive)
		return;
	assert_true(
		gikev2_endpoint_equal(&kek->destination, &rekey->destination));
	assert_true(gikev2_endpoint_equal(&kek->source, &rekey->source));
	assert_true(!kek->auth_key == !rekey->key);
	if (rekey->key)
		assert_true(gikev2_key_equal(kek->auth_key, rekey->key));
}

static void change(size_t i)
{
	struct scene s = running(20 + i);
	struct gikev2_group_config config = s.ks->group_config;
	uint8_t before[GIKEV2_KEK_SPI_LEN];

	memcpy(before, kek_of(s.r[0])->spi, sizeof(before));
	s.world->invariant = hitless;
	changes[i].change(&s, &config.rekey);
	update(&s, &config);
	world_run(s.world, 100 * SECOND);
	for (size_t r = 0; r < MEMBERS; r++) {
		const struct gikev2_kek *kek = kek_of(s.r[r]);

		if (registered(s.r[r]) != changes[i].registers)
			fail_msg("%s: %u registrations", changes[i].what,
				 registered(s.r[r]));
		assert_like(kek, changes[i].what, &config.rekey);
		assert_int_equal(s.r[r]->joined, kek->alive);
		assert_int_equal(memcmp(kek->spi, before, sizeof(before)) == 0,
				 !changes[i].another_sa &&
					 changes[i].registers == 1);
	}
	roll(&s);
	assert_settled(&s);
	/* and the way back */
	config.rekey = (struct gikev2_rekey_config){ .destination = group4,
						     .lifetime = 86400,
						     .copies = 2,
						     .key = s.key };
	update(&s, &config);
	world_run(s.world, 100 * SECOND);
	for (size_t r = 0; r < MEMBERS; r++)
		assert_like(kek_of(s.r[r]), changes[i].what, &config.rekey);
	roll(&s);
	assert_settled(&s);
	teardown(&s);
}

static void another_config(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		change(i);
}

/* ---------------------------------------------------------------------- IPv6 */

static void ipv6(void **state)
{
	struct scene s = setup(50, 6);
	struct gikev2_member_status status;

	(void)state;
	s.ks->group_config.rekey.source = s.ks->address;
	begin(&s);
	s.world->invariant = hitless;
	for (int i = 0; i < 3; i++) {
		roll(&s);
		assert_settled(&s);
	}
	assert_int_equal(gikev2_multicast_roll(s.ks->group, s.world->now), 0);
	roll(&s);
	assert_settled(&s);
	for (size_t i = 0; i < MEMBERS; i++) {
		assert_int_equal(registered(s.r[i]), 1);
		assert_int_equal(s.r[i]->events[GIKEV2_EVENT_REKEYED], 5);
	}
	gikev2_member_get_status(s.r[0]->member, &status);
	assert_true(gikev2_endpoint_equal(&status.rekey.destination, &group6));
	assert_true(
		gikev2_endpoint_equal(&status.rekey.source, &s.ks->address));
	teardown(&s);
}

/* Fragments of a message with a long key path, to IPv6 as well. */
static void ipv6_fragments(void **state)
{
	struct scene s = setup(51, 6);

	(void)state;
	s.world->params.fragment_size = 200;
	for (size_t i = 0; i <= MEMBERS; i++)
		gikev2_set_params(s.world->nodes[i].engine, &s.world->params);
	s.ks->group_config.rekey.members_max = 1000;
	begin(&s);
	s.world->invariant = hitless;
	rekeys = 0;
	roll(&s);
	world_run(s.world, 3 * SECOND);
	assert_true(rekeys > 3);
	assert_settled(&s);
	assert_int_equal(s.r[0]->events[GIKEV2_EVENT_REKEYED], 1);
	/* the excluded one's keys are refused, from one moment to the next */
	s.world->invariant = NULL;
	s.ks->peers[2].authorized = false;
	assert_int_equal(gikev2_group_exclude(s.ks->group, &s.r[2]->identity,
					      s.world->now),
			 1);
	world_run(s.world, 100 * SECOND);
	assert_int_equal(registered(s.r[0]), 1);
	assert_int_equal(registered(s.r[1]), 1);
	assert_int_equal(s.r[2]->row_count, 0);
	teardown(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_reminder),
		cmocka_unit_test(second_reminder),
		cmocka_unit_test(reminders_end),
		cmocka_unit_test(gap),
		cmocka_unit_test(group_goes),
		cmocka_unit_test(by_spi),
		cmocka_unit_test(another_config),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(ipv6_fragments),
	};

	return cmocka_run_group_tests_name("multicast", tests, NULL, NULL);
}
