// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show mrkm: certificates, and what proved whose identity.
 */
#include <zebra.h>

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_show.h"

static bool own_problem(size_t n, char *buf, size_t size)
{
	return mrkm_trust_own_problem(mrkm_auth_trust(), n, &mrkm.base.identity,
				      time(NULL), buf, size);
}

static void show_own(struct vty *vty, size_t n)
{
	const struct mrkm_trust *trust = mrkm_auth_trust();
	const struct mrkm_own *own = &trust->own[n];
	char text[MRKM_PROBLEM_SIZE], when[MRKM_TIME_TEXT];

	mrkm_show_line(vty, "Certificate", "%s",
		       trust->config.certificates[n].uri);
	if (own->credential) {
		mrkm_show_line(vty, "  subject", "%s", own->info.subject);
		mrkm_show_line(vty, "  valid until", "%s",
			       mrkm_time_text(own->info.until, when));
	}
	if (own_problem(n, text, sizeof(text)))
		mrkm_show_line(vty, "  problem", "%s", text);
}

/* What is offered and taken in the additional key exchange. */
static const char *addke_text(char *buf, size_t size)
{
	struct gikev2_params params;
	const struct gikev2_addke *addke = &params.addke[0];
	const char *separator = "";

	gikev2_params_default(&params);
	if (mrkm.base.addke_set)
		params.addke[0] = mrkm.base.addke;
	buf[0] = '\0';
	for (size_t i = 0; i < array_size(addke->methods); i++) {
		if (!addke->methods[i])
			break;
		strlcat(buf, separator, size);
		strlcat(buf, gikev2_ke_name(addke->methods[i]), size);
		if (!gikev2_ke_provided(addke->methods[i]))
			strlcat(buf, " (not in this OpenSSL)", size);
		separator = ", ";
	}
	if (!buf[0])
		strlcpy(buf, "none", size);
	else
		strlcat(buf, addke->mandatory ? "; required" : "; optional",
			size);
	return buf;
}

void mrkm_show_trust(struct vty *vty)
{
	const struct mrkm_trust *trust = mrkm_auth_trust();
	const struct mrkm_trust_config *config = &trust->config;
	char text[256];

	for (size_t i = 0; i < config->certificate_count; i++)
		show_own(vty, i);
	for (size_t i = 0; i < config->anchor_count; i++)
		mrkm_show_line(vty, "Trust anchor", "%s, %s%s%s",
			       config->anchors[i].name, config->anchors[i].uri,
			       trust->anchor[i].file.problem[0] ? ": " : "",
			       trust->anchor[i].file.problem);
	for (size_t i = 0; i < config->crl_count; i++)
		mrkm_show_line(vty, "CRL", "%s%s%s", config->crls[i],
			       trust->crl[i].problem[0] ? ": " : "",
			       trust->crl[i].problem);
	mrkm_show_line(vty, "Additional KE", "%s",
		       addke_text(text, sizeof(text)));
}

static struct json_object *own_json(size_t n)
{
	const struct mrkm_trust *trust = mrkm_auth_trust();
	const struct mrkm_own *own = &trust->own[n];
	struct json_object *json = json_object_new_object();
	char text[MRKM_PROBLEM_SIZE];

	json_object_string_add(json, "uri", trust->config.certificates[n].uri);
	if (own->credential) {
		json_object_string_add(json, "subject", own->info.subject);
		json_object_int_add(json, "validFrom", own->info.from);
		json_object_int_add(json, "validUntil", own->info.until);
	}
	if (own_problem(n, text, sizeof(text)))
		json_object_string_add(json, "problem", text);
	return json;
}

static struct json_object *file_json(const char *uri,
				     const struct mrkm_trust_file *file)
{
	struct json_object *json = json_object_new_object();

	json_object_string_add(json, "uri", uri);
	if (file->problem[0])
		json_object_string_add(json, "problem", file->problem);
	return json;
}

struct json_object *mrkm_json_trust(void)
{
	const struct mrkm_trust *trust = mrkm_auth_trust();
	const struct mrkm_trust_config *config = &trust->config;
	struct json_object *json = json_object_new_object();
	struct json_object *certificates = json_object_new_array();
	struct json_object *anchors = json_object_new_object();
	struct json_object *crls = json_object_new_array();
	char text[256];

	for (size_t i = 0; i < config->certificate_count; i++)
		json_object_array_add(certificates, own_json(i));
	for (size_t i = 0; i < config->anchor_count; i++)
		json_object_object_add(anchors, config->anchors[i].name,
				       file_json(config->anchors[i].uri,
						 &trust->anchor[i].file));
	for (size_t i = 0; i < config->crl_count; i++)
		json_object_array_add(crls, file_json(config->crls[i],
						      &trust->crl[i]));
	json_object_object_add(json, "certificates", certificates);
	json_object_object_add(json, "trustAnchors", anchors);
	json_object_object_add(json, "crls", crls);
	json_object_string_add(json, "additionalKeyExchange",
			       addke_text(text, sizeof(text)));
	return json;
}

/* -------------------------------------------------------- of a registration */

static const char *exchanges_text(const struct gikev2_proof_status *proof,
				  char *buf, size_t size)
{
	strlcpy(buf, proof->ke, size);
	for (size_t i = 0; i < proof->addke_count; i++) {
		strlcat(buf, ", ", size);
		strlcat(buf, proof->addke[i], size);
	}
	return buf;
}

void mrkm_show_proof(struct vty *vty, const struct gikev2_proof_status *proof)
{
	char text[256];

	if (!proof->ke)
		return;
	mrkm_show_line(vty, "Authentication", "%s here, %s there%s",
		       mrkm_auth_way_text(proof->own),
		       mrkm_auth_way_text(proof->peer),
		       proof->ppk ? ", PPK" : "");
	mrkm_show_line(vty, "Key exchange", "%s",
		       exchanges_text(proof, text, sizeof(text)));
}

struct json_object *mrkm_json_proof(const struct gikev2_proof_status *proof)
{
	struct json_object *json = json_object_new_object();
	struct json_object *exchanges = json_object_new_array();

	json_object_string_add(json, "local", mrkm_auth_way_text(proof->own));
	json_object_string_add(json, "remote", mrkm_auth_way_text(proof->peer));
	json_object_boolean_add(json, "ppk", proof->ppk);
	json_object_array_add(exchanges, json_object_new_string(proof->ke));
	for (size_t i = 0; i < proof->addke_count; i++)
		json_object_array_add(exchanges,
				      json_object_new_string(proof->addke[i]));
	json_object_object_add(json, "keyExchanges", exchanges);
	return json;
}
