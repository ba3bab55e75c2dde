// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several groups over one IKE SA, and leaving a group: GSA_REGISTRATION as the
 * second and the last word of a member.
 */
#include "tie_scene.h"

/* ------------------------------------------------------------------- sharing */

static void one_after_the_other(void **state)
{
	struct scene *s = setup(1, true);

	(void)state;
	join(s, 0, 0);
	world_run(s->world, SECOND);
	for (size_t g = 1; g < GROUPS; g++) {
		join(s, 0, g);
		/* GSA_REGISTRATION is on its way, over the SA that is there */
		assert_int_equal(state_of(&s->seat[0][g]), GIKEV2_GM_RECEIVE);
		assert_int_equal(requests[GIKEV2_GSA_REGISTRATION], g);
		assert_int_equal(members(s, g), 0);
		world_step(s->world, GIKEV2_NEVER);
		assert_int_equal(members(s, g), 1);
		assert_int_equal(state_of(&s->seat[0][g]), GIKEV2_GM_RECEIVE);
		world_step(s->world, GIKEV2_NEVER);
		assert_int_equal(state_of(&s->seat[0][g]), GIKEV2_GM_KEY_TABLE);
	}
	assert_int_equal(requests[GIKEV2_IKE_SA_INIT], 1);
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(sas(s->ks), 1);
	assert_keyed(s);
	roll(s);
	assert_keyed(s);
	for (size_t g = 0; g < GROUPS; g++)
		assert_int_equal(s->seat[0][g].events[GIKEV2_EVENT_REKEYED], 1);
	teardown(s);
}

/* The first one opens the way for the others. */
static void all_at_once(void **state)
{
	struct scene *s = setup(2, true);

	(void)state;
	for (size_t r = 0; r < 2; r++)
		for (size_t g = 0; g < GROUPS; g++)
			join(s, r, g);
	assert_int_equal(state_of(&s->seat[0][1]), GIKEV2_GM_WAIT);
	world_run(s->world, SECOND);
	assert_keyed(s);
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(sas(s->ks), 2);
	assert_int_equal(requests[GIKEV2_GSA_AUTH], 2);
	teardown(s);
}

static void no_realm_no_sharing(void **state)
{
	struct scene *s = setup(3, true);
	struct gikev2_member_config config = config_of(s, 1);
	struct seat *seat = &s->seat[0][1];

	(void)state;
	join(s, 0, 0);
	world_run(s->world, SECOND);
	config.realm = 2;
	seat->member =
		gikev2_member_add(s->r1->engine, seat, &config, s->world->now);
	world_run(s->world, SECOND);
	assert_int_equal(sas(s->r1), 2);
	config.realm = 0;
	gikev2_member_update(seat->member, &config, s->world->now);
	world_run(s->world, SECOND);
	assert_int_equal(sas(s->r1), 2);
	config.realm = 1;
	gikev2_member_update(seat->member, &config, s->world->now);
	world_run(s->world, SECOND);
	assert_int_equal(sas(s->r1), 1);
	assert_keyed(s);
	teardown(s);
}

/* Nobody is there to open the way: each tries for itself, in time. */
static void first_one_hangs(void **state)
{
	struct scene *s = setup(4, true);

	(void)state;
	s->ks->up = false;
	for (size_t g = 0; g < GROUPS; g++)
		join(s, 0, g);
	world_run(s->world, 3 * SECOND);
	for (size_t g = 0; g < GROUPS; g++)
		assert_int_equal(state_of(&s->seat[0][g]), GIKEV2_GM_PAIRWISE);
	s->ks->up = true;
	world_run(s->world, 10 * SECOND);
	assert_keyed(s);
	teardown(s);
}

/* To a stranger GSA_INBAND_REKEY names no group: each has an SA of its own. */
static void inband_alone(void **state)
{
	struct scene *s = setup_strangers(5, false);

	(void)state;
	for (size_t g = 0; g < GROUPS; g++)
		join(s, 0, g);
	world_run(s->world, 5 * SECOND);
	assert_keyed(s);
	assert_int_equal(sas(s->r1), GROUPS);
	assert_int_equal(sas(s->ks), GROUPS);
	roll(s);
	assert_keyed(s);
	teardown(s);
}

/* One of them may be, and it is the one that GSA_INBAND_REKEY is for. */
static void one_inband(void **state)
{
	struct scene *s = setup(6, true);

	(void)state;
	gikev2_group_del(s->group[1], s->world->now);
	serve(s, 1, false);
	world_run(s->world, 100 * SECOND);
	for (size_t g = 0; g < GROUPS; g++) {
		join(s, 0, g);
		world_run(s->world, SECOND);
	}
	assert_int_equal(sas(s->r1), 1);
	roll(s);
	assert_keyed(s);
	assert_int_equal(requests[GIKEV2_GSA_INBAND_REKEY], 1);
	teardown(s);
}

/*
 * A key server that does not mind two of them: we do, and it hears that we left
 * before we come over another SA.
 */
static void crowded_by_server(void **state)
{
	struct scene *s = setup_strangers(7, true);

	(void)state;
	gikev2_group_del(s->group[1], s->world->now);
	serve(s, 1, false);
	world_run(s->world, 100 * SECOND);
	join(s, 0, 0);
	world_run(s->world, SECOND);
	/* as it would be with another server */
	s->r1->engine->ikes->ties->inband = true;
	join(s, 0, 1);
	world_run(s->world, SECOND);
	assert_int_equal(requests[GIKEV2_GSA_REGISTRATION], 2);
	assert_int_equal(s->left[1], 1);
	assert_int_equal(members(s, 1), 1);
	assert_int_equal(sas(s->r1), 2);
	roll(s);
	assert_keyed(s);
	teardown(s);
}

static void groups_become_inband(void **state)
{
	struct scene *s = setup_strangers(8, true);
	struct gikev2_group_config config;

	(void)state;
	for (size_t g = 0; g < 2; g++) {
		join(s, 0, g);
		world_run(s->world, SECOND);
	}
	/* both groups go over to inband rekeys; who is crowded out comes again */
	for (size_t g = 0; g < 2; g++) {
		config = *gikev2_group_config(s->group[g]);
		config.rekey = (struct gikev2_rekey_config){ 0 };
		assert_int_equal(gikev2_group_update(s->group[g], &config,
						     s->world->now),
				 0);
		world_run(s->world, 20 * SECOND);
	}
	assert_int_equal(sas(s->r1), 2);
	assert_int_equal(sas(s->ks), 2);
	roll(s);
	assert_keyed(s);
	assert_int_equal(requests[GIKEV2_GSA_INBAND_REKEY], 2);
	teardown(s);
}

/* What is refused to one group is not refused to the others. */
static void second_is_refused(void **state)
{
	struct scene *s = setup(18, true);
	struct gikev2_member_config config = config_of(s, 7);
	struct seat *seat = &s->seat[0][1];

	(void)state;
	join(s, 0, 0);
	world_run(s->world, SECOND);
	seat->member =
		gikev2_member_add(s->r1->engine, seat, &config, s->world->now);
	world_run(s->world, SECOND);
	assert_int_equal(state_of(seat), GIKEV2_GM_WAIT);
	assert_int_equal(seat->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_INVALID_GROUP);
	assert_int_equal(state_of(&s->seat[0][0]), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(s->seat[0][0].events[GIKEV2_EVENT_SERVER_LOST], 0);
	leave(s, 0, 1);
	roll(s);
	assert_keyed(s);
	teardown(s);
}

/* The SA goes, and all that was over it comes back over another one. */
static void server_forgets(void **state)
{
	struct scene *s = setup(9, true);

	(void)state;
	for (size_t g = 0; g < GROUPS; g++)
		join(s, 0, g);
	world_run(s->world, SECOND);
	reboot_server(s);
	for (size_t g = 0; g < GROUPS; g++)
		serve(s, g, true);
	world_run(s->world, 150 * SECOND);
	assert_keyed(s);
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(sas(s->ks), 1);
	teardown(s);
}

static void assert_one_sa(struct scene *s)
{
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(sas(s->ks), 1);
	for (size_t g = 0; g < GROUPS; g++)
		assert_non_null(gikev2_gm_of(s->ks->engine->ikes, s->group[g]));
	roll(s);
	assert_keyed(s);
}

/* A new SA takes over all of them, whoever made it. */
static void sa_rekeyed(void **state)
{
	(void)state;
	for (int who = 1; who <= 3; who++) {
		struct scene *s = setup(10 + who, true);

		for (size_t g = 0; g < GROUPS; g++)
			join(s, 0, g);
		world_run(s->world, SECOND);
		if (who & 1)
			gikev2_want(s->r1->engine->ikes, GIKEV2_WANT_REKEY_IKE,
				    s->world->now);
		if (who & 2)
			gikev2_want(s->ks->engine->ikes, GIKEV2_WANT_REKEY_IKE,
				    s->world->now);
		world_run(s->world, 5 * SECOND);
		assert_true(requests[GIKEV2_CREATE_CHILD_SA] > 0);
		assert_one_sa(s);
		teardown(s);
	}
}

/* The server rekeys the SA while a group asks over it, at every moment. */
static void sa_rekeyed_meanwhile(void **state)
{
	(void)state;
	for (int steps = 0; steps < 6; steps++) {
		struct scene *s = setup(20 + steps, true);

		join(s, 0, 0);
		join(s, 0, 1);
		world_run(s->world, SECOND);
		gikev2_want(s->ks->engine->ikes, GIKEV2_WANT_REKEY_IKE,
			    s->world->now);
		for (int i = 0; i < steps; i++)
			world_step(s->world, s->world->now + SECOND);
		join(s, 0, 2);
		world_run(s->world, 5 * SECOND);
		assert_one_sa(s);
		teardown(s);
	}
}

/* ------------------------------------------------------------------- leaving */

/* First {IDg, N(REGISTRATION_FAILED)}, then Delete. */
static void announced(void **state)
{
	(void)state;
	for (int multicast = 0; multicast < 2; multicast++) {
		struct scene *s = setup(30 + multicast, multicast);

		join(s, 0, 0);
		join(s, 1, 0);
		world_run(s->world, SECOND);
		assert_int_equal(members(s, 0), 2);
		leave(s, 0, 0);
		assert_int_equal(s->seat[0][0].row_count, 0);
		assert_int_equal(requests[GIKEV2_GSA_REGISTRATION], 1);
		assert_int_equal(requests[GIKEV2_INFORMATIONAL], 0);
		world_run(s->world, 2 * WORLD_MS);
		assert_int_equal(members(s, 0), 1);
		assert_int_equal(s->left[0], 1);
		assert_int_equal(requests[GIKEV2_INFORMATIONAL], 1);
		world_run(s->world, SECOND);
		assert_int_equal(sas(s->r1), 0);
		assert_int_equal(sas(s->ks), 1);
		/* who stays is keyed on, and out of the tree is out of it */
		roll(s);
		assert_keyed(s);
		if (multicast)
			assert_int_equal(gikev2_lkh_members(
						 gikev2_group_lkh(s->group[0])),
					 1);
		teardown(s);
	}
}

/* One group goes, the SA stays for the others; with the last one it goes. */
static void one_by_one(void **state)
{
	struct scene *s = setup(40, true);

	(void)state;
	for (size_t g = 0; g < GROUPS; g++)
		join(s, 0, g);
	world_run(s->world, SECOND);
	for (size_t g = 0; g < GROUPS; g++) {
		assert_int_equal(sas(s->ks), 1);
		leave(s, 0, g);
		world_run(s->world, SECOND);
		assert_int_equal(members(s, g), 0);
		assert_int_equal(s->left[g], 1);
		roll(s);
		assert_keyed(s);
	}
	assert_int_equal(sas(s->r1), 0);
	assert_int_equal(sas(s->ks), 0);
	teardown(s);
}

/* All at once: one after the other over a window of one, then the Delete. */
static void all_leave(void **state)
{
	struct scene *s = setup(41, true);

	(void)state;
	for (size_t g = 0; g < GROUPS; g++)
		join(s, 0, g);
	world_run(s->world, SECOND);
	memset(requests, 0, sizeof(requests));
	s->world->loss = 30;
	for (size_t g = 0; g < GROUPS; g++)
		leave(s, 0, g);
	world_run(s->world, 100 * SECOND);
	for (size_t g = 0; g < GROUPS; g++)
		assert_int_equal(s->left[g], 1);
	assert_int_equal(sas(s->r1), 0);
	assert_int_equal(sas(s->ks), 0);
	teardown(s);
}

/*
 * In one group a name may be proved by a weaker secret than in another: who knows
 * that one does not end the registration there.
 */
static void leaves_for_another(void **state)
{
	(void)state;
	for (int same = 0; same < 2; same++) {
		struct scene *s = setup(43, true);

		join(s, 0, 1);
		world_run(s->world, SECOND);
		gikev2_ike_end(s->ks->engine->ikes, -GIKEV2_ERR_TIMEOUT,
			       s->world->now);
		gikev2_bury(s->ks->engine);
		assert_int_equal(members(s, 1), 1);
		gikev2_set_identity(s->r2->engine, &s->r1->identity);
		strcpy(s->r2->psk, same ? "secret" : "weak");
		strcpy(s->ks->peers[0].psk, s->r2->psk);
		join(s, 1, 0);
		world_run(s->world, SECOND);
		assert_int_equal(members(s, 0), 1);
		s->ks->peers[0].authorized = false;
		join(s, 1, 1);
		leave(s, 1, 1);
		world_run(s->world, SECOND);
		assert_int_equal(members(s, 1), !same);
		teardown(s);
	}
}

/* A server that is not there any more costs no more than patience. */
static void nobody_hears(void **state)
{
	struct scene *s = setup(42, true);

	(void)state;
	join(s, 0, 0);
	world_run(s->world, SECOND);
	s->ks->up = false;
	leave(s, 0, 0);
	world_run(s->world, 100 * SECOND);
	assert_int_equal(sas(s->r1), 0);
	assert_int_equal(gikev2_next_deadline(s->r1->engine), GIKEV2_NEVER);
	teardown(s);
}

/* At every moment of a registration over an SA that is shared. */
static void leaves_at_any_time(void **state)
{
	(void)state;
	for (int steps = 0; steps < 5; steps++) {
		struct scene *s = setup(50 + steps, true);

		join(s, 0, 0);
		world_run(s->world, SECOND);
		join(s, 0, 1);
		for (int i = 0; i < steps; i++)
			world_step(s->world, s->world->now + SECOND);
		leave(s, 0, 1);
		world_run(s->world, SECOND);
		assert_int_equal(members(s, 1), 0);
		assert_int_equal(s->seat[0][1].row_count, 0);
		assert_int_equal(sas(s->r1), 1);
		roll(s);
		assert_keyed(s);
		teardown(s);
	}
}

/*
 * The server has closed the SA, as it does with groups that are large: the word
 * is said over that of another group, if there is one.
 */
static void without_sa(void **state)
{
	struct scene *s = setup(55, true);
	struct gikev2_group_config config = *gikev2_group_config(s->group[0]);

	(void)state;
	config.rekey.ike_sas_max = 0;
	gikev2_group_update(s->group[0], &config, s->world->now);
	join(s, 0, 0);
	join(s, 1, 0);
	world_run(s->world, 100 * SECOND);
	assert_int_equal(sas(s->ks), 0);
	join(s, 0, 1);
	world_run(s->world, SECOND);
	assert_int_equal(members(s, 0), 2);
	for (size_t r = 0; r < 2; r++)
		leave(s, r, 0);
	world_run(s->world, SECOND);
	assert_int_equal(members(s, 0), 1);
	assert_int_equal(s->left[0], 1);
	assert_int_equal(sas(s->r1), 1);
	roll(s);
	assert_keyed(s);
	teardown(s);
}

/* While the SA is being rekeyed, by either end: the new one is told. */
static void leaves_while_sa_rekeyed(void **state)
{
	(void)state;
	for (int steps = 0; steps < 5; steps++)
		for (int server = 0; server < 2; server++) {
			struct scene *s = setup(60 + steps, true);
			struct world_node *node = server ? s->ks : s->r1;

			join(s, 0, 0);
			world_run(s->world, SECOND);
			gikev2_want(node->engine->ikes, GIKEV2_WANT_REKEY_IKE,
				    s->world->now);
			for (int i = 0; i < steps; i++)
				world_step(s->world, s->world->now + SECOND);
			leave(s, 0, 0);
			world_run(s->world, 200 * SECOND);
			assert_int_equal(members(s, 0), 0);
			assert_int_equal(s->left[0], 1);
			assert_int_equal(sas(s->r1), 0);
			assert_int_equal(sas(s->ks), 0);
			teardown(s);
		}
}

/* Another group instead: the old one is left, over the SA that stays. */
static void changes_groups(void **state)
{
	struct scene *s = setup(70, true);
	struct gikev2_member_config config = config_of(s, 1);

	(void)state;
	join(s, 0, 0);
	join(s, 0, 2);
	world_run(s->world, SECOND);
	gikev2_member_update(s->seat[0][0].member, &config, s->world->now);
	world_run(s->world, SECOND);
	assert_int_equal(members(s, 0), 0);
	assert_int_equal(s->left[0], 1);
	assert_int_equal(members(s, 1), 1);
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(requests[GIKEV2_IKE_SA_INIT], 1);
	teardown(s);
}

/* A policy that we cannot follow is said to be that; the others stay. */
static void refuses(void **state)
{
	struct scene *s = setup(71, true);
	struct seat *seat = &s->seat[0][1];

	(void)state;
	join(s, 0, 0);
	join(s, 0, 1);
	world_run(s->world, SECOND);
	gikev2_member_refuse(seat->member, s->r1->engine->ikes,
			     -GIKEV2_ERR_BAD_POLICY, s->world->now);
	assert_int_equal(seat->event_err[GIKEV2_EVENT_POLICY_REFUSED],
			 -GIKEV2_ERR_BAD_POLICY);
	world_run(s->world, SECOND);
	assert_int_equal(s->gone_err[1], -GIKEV2_ERR_NO_PROPOSAL);
	assert_int_equal(members(s, 1), 0);
	assert_int_equal(members(s, 0), 1);
	assert_int_equal(state_of(&s->seat[0][0]), GIKEV2_GM_KEY_TABLE);
	/* and it tries again, with the SA that is there */
	world_run(s->world, 100 * SECOND);
	assert_int_equal(members(s, 1), 1);
	assert_int_equal(sas(s->r1), 1);
	teardown(s);
}

/* ---------------------------------------------------------------- bad answers */

/* The server answers GSA_REGISTRATION with that and no more. */
static void answer(struct scene *s, uint16_t notify)
{
	struct gikev2_ike *ike = s->ks->engine->ikes;
	struct gikev2_payloads *tx = gikev2_tx(s->ks->engine);
	struct gikev2_path path = { s->ks->address, s->r1->address };
	struct gikev2_rx rx = { .engine = s->ks->engine,
				.path = &path,
				.now = s->world->now };

	rx.header.exchange = GIKEV2_GSA_REGISTRATION;
	rx.header.id = ike->recv_id;
	if (notify)
		gikev2_notify_add(tx, notify, NULL, 0);
	assert_int_equal(gikev2_respond(ike, &rx, tx), 0);
	world_run(s->world, 10 * WORLD_MS);
}

static bool lose_registrations(struct world *world,
			       struct world_datagram *datagram)
{
	on_wire(world, datagram);
	return datagram->octets[18] != GIKEV2_GSA_REGISTRATION ||
	       datagram->octets[19] & GIKEV2_FLAG_R;
}

static const struct {
	uint16_t notify;
	uint32_t sas; /* what is left of them */
	enum gikev2_member_state state;
} answers[] = {
	/* empty, or nothing but a status: malformed, and the SA goes */
	{ 0, 0, GIKEV2_GM_WAIT },
	{ GIKEV2_N_INITIAL_CONTACT, 0, GIKEV2_GM_WAIT },
	/* about the group alone */
	{ GIKEV2_N_AUTHORIZATION_FAILED, 1, GIKEV2_GM_WAIT },
	{ GIKEV2_N_NO_PROPOSAL_CHOSEN, 1, GIKEV2_GM_WAIT },
	/* perhaps because of the SA: another one is tried */
	{ GIKEV2_N_REGISTRATION_FAILED, 2, GIKEV2_GM_PAIRWISE },
};

static void strange_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct scene *s = setup(80 + i, true);

		join(s, 0, 0);
		world_run(s->world, SECOND);
		s->world->wire = lose_registrations;
		join(s, 0, 1);
		/* before any other answer of the server to our next steps */
		s->ks->up = false;
		answer(s, answers[i].notify);
		assert_int_equal(state_of(&s->seat[0][1]), answers[i].state);
		assert_int_equal(sas(s->r1),
				 answers[i].sas ? answers[i].sas : 1);
		if (!answers[i].sas)
			assert_int_equal(s->r1->engine->ikes->state,
					 GIKEV2_IKE_DELETING);
		teardown(s);
	}
}

/* Whatever is said to a goodbye: it was one. */
static void goodbye_is_final(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct scene *s = setup(90 + i, true);

		join(s, 0, 0);
		world_run(s->world, SECOND);
		s->world->wire = lose_registrations;
		leave(s, 0, 0);
		answer(s, answers[i].notify);
		world_run(s->world, 10 * SECOND);
		assert_int_equal(sas(s->r1), 0);
		assert_int_equal(sas(s->ks), 0);
		teardown(s);
	}
}

/* Who leaves a group that is not there, or that it is not in, is content. */
static void unknown_group(void **state)
{
	struct scene *s = setup(100, true);
	struct gikev2_tie *tie;

	(void)state;
	join(s, 0, 0);
	world_run(s->world, SECOND);
	for (size_t i = 0; i < 2; i++) {
		tie = gikev2_tie_add(s->r1->engine->ikes, s->seat[0][0].member);
		tie->group->data[1] = i ? '1' : '7';
		tie->member = NULL;
		tie->leaves = GIKEV2_N_REGISTRATION_FAILED;
		gikev2_want(s->r1->engine->ikes, GIKEV2_WANT_LEAVE,
			    s->world->now);
		world_run(s->world, SECOND);
		assert_null(s->r1->engine->ikes->ties->next);
	}
	assert_int_equal(requests[GIKEV2_GSA_REGISTRATION], 2);
	assert_int_equal(sas(s->r1), 1);
	assert_int_equal(members(s, 0), 1);
	assert_keyed(s);
	teardown(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(no_realm_no_sharing),
		cmocka_unit_test(first_one_hangs),
		cmocka_unit_test(inband_alone),
		cmocka_unit_test(one_inband),
		cmocka_unit_test(crowded_by_server),
		cmocka_unit_test(groups_become_inband),
		cmocka_unit_test(second_is_refused),
		cmocka_unit_test(server_forgets),
		cmocka_unit_test(sa_rekeyed),
		cmocka_unit_test(sa_rekeyed_meanwhile),
		cmocka_unit_test(announced),
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(all_leave),
		cmocka_unit_test(leaves_for_another),
		cmocka_unit_test(nobody_hears),
		cmocka_unit_test(leaves_at_any_time),
		cmocka_unit_test(without_sa),
		cmocka_unit_test(leaves_while_sa_rekeyed),
		cmocka_unit_test(changes_groups),
		cmocka_unit_test(refuses),
		cmocka_unit_test(strange_answers),
		cmocka_unit_test(goodbye_is_final),
		cmocka_unit_test(unknown_group),
	};

	return cmocka_run_group_tests_name("tie", tests, NULL, NULL);
}
