// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several groups that are rekeyed over one IKE SA; and what a peer has to have
 * proved its identity with for the next of them.
 */
#include "tie_scene.h"

static void join_all(struct scene *s)
{
	for (size_t g = 0; g < GROUPS; g++)
		join(s, 0, g);
	world_run(s->world, 5 * SECOND);
	assert_keyed(s);
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(sas(s->ks), 1);
	memset(requests, 0, sizeof(requests));
}

static unsigned int registrations(const struct scene *s)
{
	unsigned int sum = 0;

	for (size_t g = 0; g < GROUPS; g++)
		sum += s->seat[0][g].events[GIKEV2_EVENT_REGISTERED];
	return sum;
}

/* ---------------------------------------------------------------- rekeying */

static void one_sa(void **state)
{
	struct scene *s = setup(1, false);

	(void)state;
	join_all(s);
	roll(s);
	assert_keyed(s);
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(requests[GIKEV2_GSA_INBAND_REKEY], GROUPS);
	for (size_t g = 0; g < GROUPS; g++)
		assert_int_equal(s->seat[0][g].events[GIKEV2_EVENT_REKEYED], 1);
	teardown(s);
}

/* Multicast and, because a roll waits for its members, inband as well. */
static void both_ways(void **state)
{
	struct scene *s = setup(2, true);

	(void)state;
	for (size_t g = 0; g < GROUPS; g++) {
		struct gikev2_group_config config =
			*gikev2_group_config(s->group[g]);

		config.rekey.wait = 60;
		assert_int_equal(gikev2_group_update(s->group[g], &config,
						     s->world->now),
				 0);
	}
	join_all(s);
	roll(s);
	assert_keyed(s);
	assert_int_equal(sas(s->r1), 1);
	for (size_t g = 0; g < GROUPS; g++) {
		struct gikev2_group_status status;

		gikev2_group_get_status(s->group[g], s->world->now, &status);
		assert_int_equal(status.wait, GIKEV2_WAIT_NONE);
		assert_int_equal(status.row_count, 1);
	}
	teardown(s);
}

/* It goes while it is being told: that is no matter of the others. */
static void leaves_meanwhile(void **state)
{
	struct scene *s = setup(3, false);

	(void)state;
	join_all(s);
	for (size_t g = 0; g < GROUPS; g++)
		assert_int_equal(gikev2_group_rekey(s->group[g], s->world->now),
				 0);
	for (size_t g = 0; g < GROUPS; g++)
		if (s->ks->engine->ikes->told ==
		    gikev2_gm_of(s->ks->engine->ikes, s->group[g])) {
			leave(s, 0, g);
			break;
		}
	world_run(s->world, 20 * SECOND);
	assert_keyed(s);
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(sas(s->ks), 1);
	assert_int_equal(s->left[0] + s->left[1] + s->left[2], 1);
	assert_int_equal(s->r1->engine->counters[GIKEV2_ERR_INVALID_GROUP], 1);
	teardown(s);
}

static bool lost;

/* The first answer to a registration is lost, and the keys change: when it comes
 * again, it takes nothing back. */
static bool lose_answer(struct world *world, struct world_datagram *datagram)
{
	if (lost || datagram->octets[18] != GIKEV2_GSA_REGISTRATION ||
	    !(datagram->octets[19] & GIKEV2_FLAG_R))
		return true;
	lost = true;
	return false;
}

static void older_answer(void **state)
{
	struct scene *s = setup(4, false);

	(void)state;
	join(s, 0, 0);
	world_run(s->world, SECOND);
	lost = false;
	s->world->wire = lose_answer;
	join(s, 0, 1);
	while (!lost)
		world_step(s->world, GIKEV2_NEVER);
	s->world->wire = on_wire;
	assert_int_equal(members(s, 1), 1);
	assert_int_equal(gikev2_group_rekey(s->group[1], s->world->now), 0);
	world_run(s->world, 30 * SECOND);
	assert_keyed(s);
	assert_int_equal(sas(s->r1), 1);
	teardown(s);
}

static void bad_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct scene *s = setup(100 + seed, false);

		s->world->loss = s->world->duplication = seed;
		s->world->jitter = SECOND / 5;
		for (size_t r = 0; r < 2; r++)
			for (size_t g = 0; g < GROUPS; g++)
				join(s, r, g);
		for (int i = 0; i < 5; i++) {
			world_run(s->world, 100 * SECOND);
			assert_keyed(s);
			roll(s);
		}
		world_run(s->world, 100 * SECOND);
		assert_keyed(s);
		teardown(s);
	}
}

/* The SA goes, and all that was over it comes back over another one. */
static void server_forgets(void **state)
{
	struct scene *s = setup(7, false);

	(void)state;
	join_all(s);
	reboot_server(s);
	for (size_t g = 0; g < GROUPS; g++)
		serve(s, g, false);
	world_run(s->world, 150 * SECOND);
	assert_keyed(s);
	assert_int_equal(registrations(s), 2 * GROUPS);
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(sas(s->ks), 1);
	roll(s);
	assert_keyed(s);
	teardown(s);
}

/* It comes back with the SA, and with all that was over it. */
static void server_restarts(void **state)
{
	struct scene *s = setup(8, false);

	(void)state;
	s->ks->remembers = true;
	reboot_server(s);
	for (size_t g = 0; g < GROUPS; g++)
		serve(s, g, false);
	join_all(s);
	for (int i = 0; i < 3; i++) {
		reboot_server(s);
		for (size_t g = 0; g < GROUPS; g++)
			resume(s, g, false);
		for (size_t g = 0; g < GROUPS; g++)
			assert_int_equal(members(s, g), 1);
		roll(s);
		assert_keyed(s);
		assert_int_equal(sas(s->r1), 1);
		assert_int_equal(sas(s->ks), 1);
	}
	/* and in the middle of a roll */
	for (size_t g = 0; g < GROUPS; g++)
		assert_int_equal(gikev2_group_rekey(s->group[g], s->world->now),
				 0);
	reboot_server(s);
	for (size_t g = 0; g < GROUPS; g++)
		resume(s, g, false);
	world_run(s->world, 60 * SECOND);
	assert_keyed(s);
	assert_int_equal(registrations(s), GROUPS);
	teardown(s);
}

/* One of them begins anew, and nobody else. */
static void one_is_cleared(void **state)
{
	struct scene *s = setup(5, false);

	(void)state;
	join_all(s);
	gikev2_group_clear(s->group[1], s->world->now);
	world_run(s->world, 200 * SECOND);
	assert_keyed(s);
	assert_int_equal(s->seat[0][1].events[GIKEV2_EVENT_EXCLUDED], 1);
	assert_int_equal(s->seat[0][0].events[GIKEV2_EVENT_EXCLUDED], 0);
	assert_int_equal(s->seat[0][2].events[GIKEV2_EVENT_EXCLUDED], 0);
	roll(s);
	assert_keyed(s);
	teardown(s);
}

/* What is under way over the old SA is said again over the new one. */
static void sa_rekeyed(void **state)
{
	(void)state;
	for (int who = 1; who <= 3; who++) {
		struct scene *s = setup(10 + who, false);

		join_all(s);
		if (who & 1)
			gikev2_want(s->r1->engine->ikes, GIKEV2_WANT_REKEY_IKE,
				    s->world->now);
		for (size_t g = 0; g < GROUPS; g++)
			assert_int_equal(gikev2_group_rekey(s->group[g],
							    s->world->now),
					 0);
		if (who & 2)
			gikev2_want(s->ks->engine->ikes, GIKEV2_WANT_REKEY_IKE,
				    s->world->now);
		world_run(s->world, 20 * SECOND);
		assert_keyed(s);
		assert_int_equal(sas(s->r1), 1);
		assert_int_equal(sas(s->ks), 1);
		for (size_t g = 0; g < GROUPS; g++)
			assert_int_equal(
				s->seat[0][g].events[GIKEV2_EVENT_REKEYED], 1);
		teardown(s);
	}
}

/* ------------------------------------------------------------------- proof */

static const char *const secrets[GROUPS] = { "for many", "for one", "for one" };
static unsigned int not_good;

/* The same name has another key in each group. */
static int psk_of_group(void *arg, enum gikev2_role role, void *cookie,
			const struct gikev2_id *peer,
			struct gikev2_secret *secret)
{
	struct world_node *node = arg;
	const struct scene *s = node->world->user;
	const char *psk = role == GIKEV2_MEMBER ? node->psk : secrets[0];

	(void)peer;
	for (size_t g = 0; role == GIKEV2_SERVER && g < GROUPS; g++)
		if (cookie == &s->group[g])
			psk = secrets[g];
	secret->len = strlen(psk);
	memcpy(secret->octets, psk, secret->len);
	return 0;
}

static int authorize_by_proof(void *arg, void *cookie,
			      const struct gikev2_id *peer)
{
	struct world_node *node = arg;
	struct gikev2_secret secret;

	psk_of_group(arg, GIKEV2_SERVER, cookie, peer, &secret);
	if (gikev2_asking_proved(node->engine) ||
	    gikev2_asking_psk(node->engine, &secret))
		return 0;
	not_good++;
	return -GIKEV2_ERR_OTHER_PROOF;
}

static struct scene *setup_proof(uint64_t seed)
{
	struct scene *s = setup(seed, false);

	s->world->user = s;
	s->ks->callbacks.psk = psk_of_group;
	s->ks->callbacks.authorize = authorize_by_proof;
	not_good = 0;
	return s;
}

/* Who has the key of one group is not by that a member of another. */
static void proof_of_another_group(void **state)
{
	struct scene *s = setup_proof(20);

	(void)state;
	snprintf(s->r1->psk, sizeof(s->r1->psk), "%s", secrets[0]);
	join(s, 0, 0);
	world_run(s->world, SECOND);
	join(s, 0, 1);
	world_run(s->world, 2 * SECOND);
	assert_int_equal(not_good, 1);
	assert_int_equal(members(s, 0), 1);
	assert_int_equal(members(s, 1), 0);
	assert_int_equal(state_of(&s->seat[0][0]), GIKEV2_GM_KEY_TABLE);
	assert_int_not_equal(state_of(&s->seat[0][1]), GIKEV2_GM_KEY_TABLE);
	/* over an SA of its own it can show the right one */
	snprintf(s->r1->psk, sizeof(s->r1->psk), "%s", secrets[1]);
	world_run(s->world, 100 * SECOND);
	assert_int_equal(members(s, 1), 1);
	assert_int_equal(sas(s->r1), 2);
	assert_keyed(s);
	teardown(s);
}

/* The same key is good for both, also over the heir of the SA. */
static void same_proof(void **state)
{
	struct scene *s = setup_proof(21);

	(void)state;
	snprintf(s->r1->psk, sizeof(s->r1->psk), "%s", secrets[1]);
	join(s, 0, 1);
	world_run(s->world, SECOND);
	gikev2_want(s->r1->engine->ikes, GIKEV2_WANT_REKEY_IKE, s->world->now);
	world_run(s->world, 5 * SECOND);
	join(s, 0, 2);
	world_run(s->world, SECOND);
	assert_int_equal(not_good, 0);
	assert_int_equal(sas(s->r1), 1);
	assert_keyed(s);
	teardown(s);
}

/* INITIAL_CONTACT of one who has the key of many ends no SA of the one. */
static void contact_of_another(void **state)
{
	struct scene *s = setup_proof(22);
	struct world_node *impostor = world_add(s->world, "r1");
	struct gikev2_member_config config = config_of(s, 0);
	struct seat seat = { 0 };

	(void)state;
	impostor->callbacks.event = s->r1->callbacks.event;
	impostor->callbacks.keys = s->r1->callbacks.keys;
	snprintf(s->r1->psk, sizeof(s->r1->psk), "%s", secrets[1]);
	snprintf(impostor->psk, sizeof(impostor->psk), "%s", secrets[0]);
	join(s, 0, 1);
	world_run(s->world, SECOND);
	seat.member = gikev2_member_add(impostor->engine, &seat, &config,
					s->world->now);
	world_run(s->world, SECOND);
	assert_int_equal(members(s, 0), 1);
	assert_int_equal(members(s, 1), 1);
	assert_int_equal(sas(s->ks), 2);
	assert_int_equal(s->gone_err[1], 0);
	/* of itself it does */
	world_boot(impostor);
	impostor->callbacks.event = s->r1->callbacks.event;
	impostor->callbacks.keys = s->r1->callbacks.keys;
	seat.member = gikev2_member_add(impostor->engine, &seat, &config,
					s->world->now);
	world_run(s->world, SECOND);
	assert_int_equal(s->gone_err[0], -GIKEV2_ERR_REPLACED);
	assert_int_equal(sas(s->ks), 2);
	teardown(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_sa),
		cmocka_unit_test(both_ways),
		cmocka_unit_test(leaves_meanwhile),
		cmocka_unit_test(older_answer),
		cmocka_unit_test(bad_network),
		cmocka_unit_test(server_forgets),
		cmocka_unit_test(server_restarts),
		cmocka_unit_test(one_is_cleared),
		cmocka_unit_test(sa_rekeyed),
		cmocka_unit_test(proof_of_another_group),
		cmocka_unit_test(same_proof),
		cmocka_unit_test(contact_of_another),
	};

	return cmocka_run_group_tests_name("tie inband", tests, NULL, NULL);
}
