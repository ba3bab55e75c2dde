// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_contact.c: when INITIAL_CONTACT is said, and what is done
 * about it, at either end.
 */
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND

struct scene {
	struct world *world;
	struct world_node *ks, *gm;
};

static struct scene setup(bool ike_auth)
{
	struct scene s = { .world = world_new(1) };

	s.ks = world_add(s.world, "ks");
	s.gm = world_add(s.world, "r1");
	s.gm->member_config.ike_auth = ike_auth;
	world_acquaint(s.ks, s.gm, "secret", "secret");
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	return s;
}

static void step(struct scene *s)
{
	assert_true(world_step(s->world, GIKEV2_NEVER));
}

/* In the message that a node took last. */
static bool said(const struct world_node *node)
{
	return gikev2_notify_find(&node->engine->scratch->rx_payloads,
				  GIKEV2_N_INITIAL_CONTACT);
}

static unsigned int sas(const struct world_node *node)
{
	return node->engine->totals.ike_sas;
}

/* Registers; whether each side said it. */
static void registers(struct scene *s, bool by_member, bool by_server)
{
	step(s);
	assert_false(said(s->ks));
	step(s);
	assert_false(said(s->gm));
	step(s);
	assert_int_equal(said(s->ks), by_member);
	step(s);
	assert_int_equal(said(s->gm), by_server);
	if (s->gm->member_config.ike_auth) {
		step(s);
		assert_false(said(s->ks));
		step(s);
		assert_false(said(s->gm));
	}
}

static void first_and_second(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct scene s = setup(i);

		world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
		registers(&s, true, true);
		/* a second one beside the first */
		gikev2_member_reregister(s.gm->member, s.world->now);
		registers(&s, false, false);
		assert_int_equal(s.gm->events[GIKEV2_EVENT_REGISTERED], 2);
		assert_int_equal(sas(s.ks), 1);
		assert_int_equal(sas(s.gm), 1);
		world_free(s.world);
	}
}

/* The member forgot; the server drops what it has, the new SA stays. */
static void member_booted(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct scene s = setup(i);
		uint64_t serial;

		world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
		world_run(s.world, 5 * SECOND);
		serial = s.ks->engine->ikes->serial;
		world_boot(s.gm);
		world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
		registers(&s, true, true);
		assert_int_equal(sas(s.ks), 1);
		assert_true(s.ks->engine->ikes->serial > serial);
		assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 1);
		assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
				 -GIKEV2_ERR_REPLACED);
		world_free(s.world);
	}
}

/* --------------------------------------------------------------- two groups */

static struct gikev2_id named(const char *name)
{
	struct gikev2_id id = { .type = GIKEV2_ID_KEY_ID, .len = strlen(name) };

	memcpy(id.data, name, id.len);
	return id;
}

/* The same server has another group, and the member joins that too. */
static struct gikev2_member *join_second(struct scene *s)
{
	struct gikev2_member_config config = s->gm->member_config;

	config.group = named("EDGE");
	return gikev2_member_add(s->gm->engine, s->gm, &config, s->world->now);
}

static void serve_second(struct scene *s)
{
	struct gikev2_group_config config = s->ks->group_config;

	config.id = named("EDGE");
	assert_non_null(
		gikev2_group_add(s->ks->engine, s->ks, &config, s->world->now));
}

static void two_groups(void **state)
{
	struct scene s = setup(false);

	serve_second(&s);
	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	join_second(&s);
	registers(&s, false, false);
	/* one SA does not cost the other */
	assert_int_equal(sas(s.ks), 2);
	assert_int_equal(sas(s.gm), 2);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
	world_free(s.world);
}

/* Both at once: one is under way when the other is authenticated. */
static void two_groups_at_once(void **state)
{
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct scene s = setup(seed % 2);

		s.world->seed = seed;
		s.world->jitter = 300 * WORLD_MS;
		s.world->loss = 20;
		s.world->duplication = 20;
		serve_second(&s);
		world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
		join_second(&s);
		world_run(s.world, 120 * SECOND);
		s.world->loss = 0;
		world_run(s.world, 60 * SECOND);
		assert_int_equal(sas(s.ks), 2);
		assert_int_equal(sas(s.gm), 2);
		assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
		world_free(s.world);
	}
}

/* Said by the first SA, and heard when there is a younger one already. */
static void said_late(void **state)
{
	struct scene s = setup(false);
	struct world_datagram late;

	serve_second(&s);
	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	step(&s);
	step(&s); /* GSA_AUTH with INITIAL_CONTACT is on its way */
	assert_int_equal(s.world->queued, 1);
	late = s.world->queue[0];
	s.world->queued = 0;
	join_second(&s);
	registers(&s, false, true);
	assert_int_equal(sas(s.ks), 2);
	late.due = s.world->now;
	s.world->queue[s.world->queued++] = late;
	world_run(s.world, 5 * SECOND);
	assert_int_equal(sas(s.ks), 2);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 2);
	world_free(s.world);
}

/* The server forgot: what the second group learns makes the first come back. */
static void server_booted(void **state)
{
	struct scene s = setup(false);

	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	world_boot(s.ks);
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	serve_second(&s);
	join_second(&s);
	registers(&s, false, true);
	/* long before a liveness check could have told */
	world_run(s.world, SECOND);
	assert_int_equal(s.gm->events[GIKEV2_EVENT_REGISTERED], 3);
	assert_int_equal(s.gm->events[GIKEV2_EVENT_SERVER_LOST], 0);
	assert_int_equal(sas(s.ks), 2);
	assert_int_equal(sas(s.gm), 2);
	world_free(s.world);
}

/* ---------------------------------------------------------------- strangers */

/* Who cannot prove the identity does no harm to it. */
static void said_by_an_impostor(void **state)
{
	struct scene s = setup(false);
	struct world_node *impostor = world_add(s.world, "r1");

	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	strcpy(impostor->psk, "a guess");
	world_join(impostor, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REFUSED], 1);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
	assert_int_equal(sas(s.ks), 1);
	world_free(s.world);
}

/* ... and one member none to another. */
static void said_by_another(void **state)
{
	struct scene s = setup(false);
	struct world_node *r2 = world_add(s.world, "r2");

	world_acquaint(s.ks, r2, "another", "another");
	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	world_join(r2, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(sas(s.ks), 2);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
	world_free(s.world);
}

/* A key server that is its own member has the same identity at both ends. */
static void own_member(void **state)
{
	struct scene s = setup(false);

	world_acquaint(s.ks, s.ks, "self", "self");
	world_join(s.ks, s.ks, WORLD_ALL_ALGORITHMS);
	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 60 * SECOND);
	assert_int_equal(world_state(s.ks), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(sas(s.ks), 3);
	gikev2_member_reregister(s.ks->member, s.world->now);
	world_run(s.world, 60 * SECOND);
	assert_int_equal(world_state(s.ks), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(sas(s.ks), 3);
	world_free(s.world);
}

/* After rekeys of the SA it is the heir that is known. */
static void heirs(void **state)
{
	struct scene s = setup(false);

	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	for (int i = 0; i < 3; i++) {
		struct world_node *node = i % 2 ? s.ks : s.gm;

		gikev2_want(node->engine->ikes, GIKEV2_WANT_REKEY_IKE,
			    s.world->now);
		world_run(s.world, 30 * SECOND);
		assert_int_equal(sas(s.ks), 1);
		assert_int_equal(s.ks->engine->peers.count, 1);
		assert_int_equal(s.gm->engine->peers.count, 1);
	}
	world_boot(s.gm);
	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	registers(&s, true, true);
	assert_int_equal(sas(s.ks), 1);
	assert_int_equal(s.ks->engine->peers.count, 1);
	world_free(s.world);
}

/* ------------------------------------------------------------------ the index */

#define MANY 1000

/* Many peers come and go in any order; none is lost, none stays. */
static void index_grows(void **state)
{
	struct scene s = setup(false);
	struct gikev2_path path = { s.gm->address, s.ks->address };
	struct gikev2_ike *ikes[MANY];
	char name[16];

	for (size_t i = 0; i < MANY; i++) {
		struct gikev2_id id;

		snprintf(name, sizeof(name), "r%zu", i / 2);
		id = named(name);
		ikes[i] = gikev2_ike_new(s.ks->engine, false, &path);
		assert_non_null(ikes[i]);
		assert_int_equal(gikev2_ike_set_peer(ikes[i], &id), 0);
		gikev2_ike_established(ikes[i], s.world->now);
		assert_int_equal(s.ks->engine->peers.count, i + 1);
	}
	for (size_t i = 0; i < MANY; i++) {
		struct gikev2_payloads tx = { 0 };
		size_t at = (i * 7 + 3) % MANY;

		/* its twin is there as long as it has not gone itself */
		gikev2_contact_add(ikes[at], &tx);
		assert_int_equal(tx.count, ikes[at ^ 1]->dead);
		gikev2_ike_end(ikes[at], -GIKEV2_ERR_ADMIN, s.world->now);
		assert_int_equal(s.ks->engine->peers.count, MANY - 1 - i);
	}
	gikev2_bury(s.ks->engine);
	world_free(s.world);
}

/* The next name that FNV-1a of 32 bits, from its usual basis, puts where the
 * first is. */
static struct gikev2_id colliding(uint32_t *counter)
{
	struct gikev2_id id;
	uint32_t hash;
	char name[16];

	do {
		snprintf(name, sizeof(name), "r%u", (*counter)++);
		id = named(name);
		hash = 2166136261u ^ id.type;
		for (size_t i = 0; i < id.len; i++)
			hash = (hash ^ id.data[i]) * 16777619u;
	} while (hash & 1023);
	return id;
}

/* A member with a choice of names cannot make others wait. */
static void names_of_choice(void **state)
{
	struct scene s = setup(false);
	struct gikev2_path path = { s.gm->address, s.ks->address };
	const struct gikev2_peers *peers = &s.ks->engine->peers;
	unsigned int longest = 0;
	uint32_t counter = 0;

	for (int i = 0; i < 200; i++) {
		struct gikev2_id id = colliding(&counter);
		struct gikev2_ike *ike =
			gikev2_ike_new(s.ks->engine, false, &path);

		assert_non_null(ike);
		assert_int_equal(gikev2_ike_set_peer(ike, &id), 0);
		gikev2_ike_established(ike, s.world->now);
	}
	for (size_t i = 0; i < peers->bucket_count; i++) {
		const struct gikev2_ike *at = peers->buckets[i];
		unsigned int length = 0;

		for (; at; at = at->peer_next)
			length++;
		if (length > longest)
			longest = length;
	}
	assert_in_range(longest, 1, 20);
	world_free(s.world);
}

/* ------------------------------------------------------- too many of one peer */

static bool no_deletes(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	return datagram->octets[18] != GIKEV2_INFORMATIONAL;
}

/* A member that rekeys its SA for ever, and deletes nothing. */
static void rekeys_without_end(void **state)
{
	struct scene s = setup(false);

	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	s.world->wire = no_deletes;
	for (int i = 0; i < 40; i++) {
		struct gikev2_ike *ike = s.gm->engine->ikes;

		while (ike && !ike->ties)
			ike = ike->next;
		assert_non_null(ike);
		gikev2_want(ike, GIKEV2_WANT_REKEY_IKE, s.world->now);
		world_run(s.world, SECOND);
		assert_in_range(sas(s.ks), 1, 2 + GIKEV2_IDLE_SAS_MAX);
	}
	assert_int_equal(sas(s.ks), 2 + GIKEV2_IDLE_SAS_MAX);
	/* the one that is in use is not what gives way */
	s.world->wire = NULL;
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 20 * SECOND);
	assert_int_equal(s.gm->events[GIKEV2_EVENT_REKEYED], 1);
	assert_int_equal(s.gm->events[GIKEV2_EVENT_REGISTERED], 1);
	world_free(s.world);
}

static struct gikev2_ike *idle_of(struct scene *s, int name, uint8_t proof)
{
	struct gikev2_path path = { s->gm->address, s->ks->address };
	struct gikev2_ike *ike = gikev2_ike_new(s->ks->engine, false, &path);
	struct gikev2_id id = named("x");

	assert_non_null(ike);
	id.data[0] = name;
	assert_int_equal(gikev2_ike_set_peer(ike, &id), 0);
	memset(ike->peer_proof, proof, sizeof(ike->peer_proof));
	gikev2_ike_established(ike, s->world->now);
	return ike;
}

/* By the key of a pattern, one has any number of names; others have their own. */
static void idles_of_a_pattern(void **state)
{
	struct scene s = setup(false);
	struct gikev2_ike *other, *newcomer;

	(void)state;
	s.world->params.idle_max = 20;
	gikev2_set_params(s.ks->engine, &s.world->params);
	other = idle_of(&s, 'a', 1);
	for (int i = 0; i < 50; i++)
		idle_of(&s, 'A' + i, 2);
	assert_false(other->dead);
	assert_ptr_equal(s.ks->engine->idles.first, other);
	assert_int_equal(s.ks->engine->idles.count, 20);
	/* who has none that is proved so is let in all the same */
	newcomer = idle_of(&s, 'b', 3);
	assert_true(other->dead);
	assert_false(newcomer->dead);
	assert_int_equal(s.ks->engine->idles.count, 20);
	while (s.ks->engine->ikes)
		gikev2_ike_end(s.ks->engine->ikes, -GIKEV2_ERR_ADMIN,
			       s.world->now);
	gikev2_bury(s.ks->engine);
	world_free(s.world);
}

/* ... or has a name for each of them: the oldest ones go, and no member. */
static void idles_of_many_names(void **state)
{
	struct scene s = setup(false);
	struct gikev2_path path = { s.gm->address, s.ks->address };
	struct gikev2_ike *second = NULL;

	(void)state;
	s.world->params.idle_max = 20;
	gikev2_set_params(s.ks->engine, &s.world->params);
	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	for (int i = 0; i < 50; i++) {
		struct gikev2_ike *ike =
			gikev2_ike_new(s.ks->engine, false, &path);
		struct gikev2_id id = named("x");

		assert_non_null(ike);
		id.data[0] = 'A' + i;
		assert_int_equal(gikev2_ike_set_peer(ike, &id), 0);
		gikev2_ike_established(ike, s.world->now);
		assert_false(ike->dead);
		if (i == 30)
			second = ike;
		assert_int_equal(sas(s.ks), i < 20 ? i + 2 : 21);
	}
	/* the order is that of their age, and none was freed yet */
	assert_ptr_equal(s.ks->engine->idles.first, second);
	assert_int_equal(s.ks->engine->idles.count, 20);
	assert_int_equal(gikev2_counters(s.ks->engine)[GIKEV2_ERR_IDLE_LIMIT],
			 30);
	gikev2_bury(s.ks->engine);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 20 * SECOND);
	assert_int_equal(s.gm->events[GIKEV2_EVENT_REKEYED], 1);
	/* who serves its group no longer is the youngest of them */
	gikev2_gm_end(gikev2_group_gms(s.ks->group)->first, -GIKEV2_ERR_ADMIN,
		      s.world->now);
	assert_int_equal(s.ks->engine->idles.count, 21);
	assert_ptr_equal(s.ks->engine->idles.first, second);
	assert_true(gikev2_id_equal(s.ks->engine->idles.last->peer,
				    &s.gm->identity));
	while (s.ks->engine->ikes)
		gikev2_ike_end(s.ks->engine->ikes, -GIKEV2_ERR_ADMIN,
			       s.world->now);
	assert_int_equal(s.ks->engine->idles.count, 0);
	assert_null(s.ks->engine->idles.first);
	assert_null(s.ks->engine->idles.last);
	world_free(s.world);
}

/* ... or authenticates for ever, and asks for no group. */
static void idles_without_end(void **state)
{
	struct scene s = setup(false);
	struct gikev2_path path = { s.gm->address, s.ks->address };
	struct gikev2_id id = named("r1");

	world_join(s.gm, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	for (int i = 0; i < 40; i++) {
		struct gikev2_ike *ike =
			gikev2_ike_new(s.ks->engine, false, &path);

		assert_non_null(ike);
		assert_int_equal(gikev2_ike_set_peer(ike, &id), 0);
		gikev2_ike_established(ike, s.world->now);
		assert_false(ike->dead);
	}
	/* that of the group, and the one that may ask for a group next */
	assert_int_equal(sas(s.ks), 2 + GIKEV2_IDLE_SAS_MAX);
	gikev2_bury(s.ks->engine);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 20 * SECOND);
	assert_int_equal(s.gm->events[GIKEV2_EVENT_REKEYED], 1);
	world_free(s.world);
}

/* Who knows another secret of that name, of another group, ends none of his. */
static void idles_by_another_secret(void **state)
{
	struct scene s = setup(false);
	struct gikev2_path path = { s.gm->address, s.ks->address };
	struct gikev2_id id = named("r1");
	struct gikev2_ike *first = NULL;

	for (int i = 0; i < 40; i++) {
		struct gikev2_ike *ike =
			gikev2_ike_new(s.ks->engine, false, &path);

		assert_non_null(ike);
		assert_int_equal(gikev2_ike_set_peer(ike, &id), 0);
		ike->peer_proof[0] = i == 0;
		gikev2_ike_established(ike, s.world->now);
		first = first ? first : ike;
		assert_false(first->dead);
	}
	assert_int_equal(sas(s.ks), 2 + GIKEV2_IDLE_SAS_MAX);
	world_free(s.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_and_second),
		cmocka_unit_test(member_booted),
		cmocka_unit_test(two_groups),
		cmocka_unit_test(two_groups_at_once),
		cmocka_unit_test(said_late),
		cmocka_unit_test(server_booted),
		cmocka_unit_test(said_by_an_impostor),
		cmocka_unit_test(said_by_another),
		cmocka_unit_test(own_member),
		cmocka_unit_test(heirs),
		cmocka_unit_test(index_grows),
		cmocka_unit_test(names_of_choice),
		cmocka_unit_test(rekeys_without_end),
		cmocka_unit_test(idles_without_end),
		cmocka_unit_test(idles_by_another_secret),
		cmocka_unit_test(idles_of_a_pattern),
		cmocka_unit_test(idles_of_many_names),
	};

	return cmocka_run_group_tests_name("contact", tests, NULL, NULL);
}
