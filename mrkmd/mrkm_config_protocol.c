// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration of protocols, read out of the northbound's tree: what the
 * keys of a group are for, and how they are told.
 */
#include <zebra.h>

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_config.h"
#include "mrkmd/mrkm_tree.h"

/* Names, each with a space in front. */
#define NAMES_SIZE 256

int mrkm_config_read_protocol(const struct lyd_node *entry, uint8_t *wire,
			      char *problem, size_t size)
{
	const struct keytable_protocol *protocol, *table;
	char known[NAMES_SIZE] = "";
	size_t count;

	protocol = keytable_protocol_by_name(mrkm_leaf(entry, "name"));
	if (protocol) {
		*wire = protocol->wire;
		return 0;
	}
	table = keytable_protocols(&count);
	for (size_t i = 0; i < count; i++) {
		if (!table[i].daemons[0])
			continue;
		strlcat(known, " ", sizeof(known));
		strlcat(known, table[i].name, sizeof(known));
	}
	return mrkm_fail(problem, size,
			 "protocol \"%s\" is not known: name one of%s",
			 mrkm_leaf(entry, "name"), known);
}

/* ------------------------------------------------------------- key chains */

static const char *algorithm_names(const struct keytable_protocol *protocol,
				   char *buf)
{
	buf[0] = '\0';
	for (uint16_t id = 1; id <= KEYTABLE_AUTH_ALGO_MAX; id++) {
		if (!keytable_key_len(protocol, id))
			continue;
		strlcat(buf, " ", NAMES_SIZE);
		strlcat(buf, keytable_algorithm_by_id(id)->name, NAMES_SIZE);
	}
	return buf;
}

static int read_algorithm(const struct lyd_node *node,
			  const struct keytable_protocol *protocol,
			  struct gikev2_choice *choice, char *problem,
			  size_t size)
{
	const char *name = mrkm_leaf(node, "algorithm");
	const struct keytable_algorithm *algorithm =
		name ? keytable_algorithm_by_name(name) : NULL;
	char known[NAMES_SIZE];

	if (!name)
		return mrkm_fail(
			problem, size,
			"protocol %s authenticates its packets itself, not by IPsec: configure it with \"algorithm\" and one of%s",
			protocol->name, algorithm_names(protocol, known));
	if (!algorithm || !keytable_key_len(protocol, algorithm->id))
		return mrkm_fail(
			problem, size,
			"protocol %s has no algorithm \"%s\": name one of%s",
			protocol->name, name, algorithm_names(protocol, known));
	choice->algorithm = algorithm->id;
	return 0;
}

/* ------------------------------------------------------------------ IPsec */

static const char *transform_names(uint8_t type, char *buf)
{
	const struct keytable_transform *table;
	size_t count;

	buf[0] = '\0';
	table = keytable_transforms(&count);
	for (size_t i = 0; i < count; i++) {
		if (table[i].type != type)
			continue;
		strlcat(buf, " ", NAMES_SIZE);
		strlcat(buf, table[i].name, NAMES_SIZE);
	}
	return buf;
}

/* What the leaf `what` of `node` names; NULL when there is no such leaf. */
static int read_transform(const struct lyd_node *node, uint8_t type,
			  const char *what,
			  const struct keytable_transform **transform,
			  char *problem, size_t size)
{
	const char *name = mrkm_leaf(node, what);
	char known[NAMES_SIZE];

	*transform = name ? keytable_transform_by_name(type, name) : NULL;
	if (*transform || !name)
		return 0;
	return mrkm_fail(problem, size,
			 "there is no %s \"%s\" of IPsec: name one of%s", what,
			 name, transform_names(type, known));
}

static int read_esp(const struct lyd_node *esp, struct keytable_suite *suite,
		    char *problem, size_t size)
{
	const struct keytable_transform *encr, *integ;
	char known[NAMES_SIZE];

	if (read_transform(esp, KEYTABLE_ENCR, "encryption", &encr, problem,
			   size) ||
	    read_transform(esp, KEYTABLE_INTEG, "integrity", &integ, problem,
			   size))
		return -1;
	if (!encr) /* it is mandatory */
		return mrkm_fail(problem, size, "esp: name an encryption");
	if (encr->aead && integ)
		return mrkm_fail(
			problem, size,
			"encryption %s has its integrity built in: take out \"integrity %s\"",
			encr->name, integ->name);
	if (!encr->aead && !integ)
		return mrkm_fail(
			problem, size,
			"encryption %s alone would let forged packets through: add \"integrity\" and one of%s",
			encr->name, transform_names(KEYTABLE_INTEG, known));
	suite->encr = encr->id;
	suite->encr_bits = encr->key_bits;
	suite->integ = integ ? integ->id : 0;
	return 0;
}

static int read_suite(const struct lyd_node *node,
		      const struct keytable_protocol *protocol,
		      struct keytable_suite *suite, char *problem, size_t size)
{
	const struct lyd_node *esp = mrkm_child(node, "esp");
	const struct lyd_node *ah = mrkm_child(node, "ah");
	const struct keytable_transform *integ;

	if (esp)
		return read_esp(esp, suite, problem, size);
	if (!ah)
		return mrkm_fail(
			problem, size,
			"protocol %s has no \"algorithm\", it is protected by IPsec: configure \"esp encryption ...\" or \"ah integrity ...\"",
			protocol->name);
	if (read_transform(ah, KEYTABLE_INTEG, "integrity", &integ, problem,
			   size))
		return -1;
	suite->integ = integ ? integ->id : 0; /* it is mandatory */
	return 0;
}

/* --------------------------------------------------------------- protocols */

static int read_choice(const struct lyd_node *node,
		       const struct keytable_protocol *protocol,
		       struct gikev2_choice *choice, char *problem, size_t size)
{
	if (protocol->applier == KEYTABLE_APPLY_IPSEC)
		return read_suite(node, protocol, &choice->suite, problem,
				  size);
	return read_algorithm(node, protocol, choice, problem, size);
}

/* In the order of their places, which need not follow upon each other. */
static int read_fallbacks(const struct lyd_node *node,
			  const struct keytable_protocol *protocol,
			  struct gikev2_group_protocol *config, char *problem,
			  size_t size)
{
	const struct lyd_node *child;
	char why[512];

	for (uint32_t place = 1; place <= GIKEV2_FALLBACKS_MAX; place++)
		for (child = mrkm_child(node, "fallback"); child;
		     child = mrkm_next(child)) {
			if (mrkm_leaf_number(child, "place") != place)
				continue;
			if (read_choice(
				    child, protocol,
				    &config->fallback[config->fallback_count++],
				    why, sizeof(why)))
				return mrkm_fail(problem, size,
						 "fallback %u: %s", place, why);
		}
	return 0;
}

/* What the form of the policies has no words for. */
static int check_form(const struct gikev2_group_protocol *config,
		      const struct keytable_protocol *protocol, bool plain,
		      char *problem, size_t size)
{
	bool ipsec = protocol->applier == KEYTABLE_APPLY_IPSEC;

	if (config->per_sender && !ipsec)
		return mrkm_fail(
			problem, size,
			"protocol %s has no SAs, which \"per-sender\" is about: leave it out",
			protocol->name);
	if (plain && !ipsec)
		return mrkm_fail(
			problem, size,
			"protocol %s cannot be said in plain form: take out one of it and \"policy-form plain\"",
			protocol->name);
	if (plain && config->per_sender)
		return mrkm_fail(
			problem, size,
			"protocol %s: whose SA it is cannot be said in plain form: take out \"per-sender\" or \"policy-form plain\"",
			protocol->name);
	return 0;
}

static int read_ks_protocol(const struct lyd_node *node, bool plain,
			    struct gikev2_group_protocol *config, char *problem,
			    size_t size)
{
	const struct keytable_protocol *protocol;
	struct gikev2_choice choice = {};

	if (mrkm_config_read_protocol(node, &config->protocol, problem, size))
		return -1;
	protocol = keytable_protocol_by_wire(config->protocol);
	config->lifetime = mrkm_leaf_number(node, "lifetime");
	config->per_sender = mrkm_leaf_is(node, "per-sender", "true");
	if (read_choice(node, protocol, &choice, problem, size) ||
	    read_fallbacks(node, protocol, config, problem, size))
		return -1;
	config->algorithm = choice.algorithm;
	config->suite = choice.suite;
	return check_form(config, protocol, plain, problem, size);
}

int mrkm_config_read_ks_protocols(const struct lyd_node *group,
				  struct gikev2_group_config *config,
				  char *problem, size_t size)
{
	const struct lyd_node *child;

	config->plain = mrkm_leaf_is(group, "policy-form", "plain");
	config->sender_id_bits = mrkm_leaf_number(group, "sender-id-bits");
	for (child = mrkm_child(group, "protocol"); child;
	     child = mrkm_next(child))
		if (read_ks_protocol(
			    child, config->plain,
			    &config->protocols[config->protocol_count++],
			    problem, size))
			return -1;
	return 0;
}
