// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates, trust anchors and CRLs.  No libfrr in here, so that the unit
 * test needs none.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mrkmd/mrkm_trust.h"

/* --------------------------------------------------------------------- ours */

static void own_fini(struct mrkm_own *own)
{
	gikev2_credential_free(own->credential);
	memset(own, 0, sizeof(*own));
}

static void own_load(struct mrkm_own *own,
		     const struct mrkm_certificate_config *config)
{
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];

	gikev2_credential_free(own->credential);
	own->credential = NULL;
	memset(&own->info, 0, sizeof(own->info));
	if (gikev2_store_credential(config->private_key, config->uri, NULL,
				    NULL, &own->credential, own->problem,
				    sizeof(own->problem)) < 0)
		return;
	own->problem[0] = '\0';
	if (gikev2_credential_certs(own->credential, certs))
		gikev2_cert_get_info(certs[0], &own->info);
}

static bool own_failed(const struct mrkm_own *own)
{
	return gikev2_key_failed(gikev2_credential_key(own->credential));
}

static bool own_update(struct mrkm_own *own,
		       const struct mrkm_certificate_config *before,
		       const struct mrkm_certificate_config *now)
{
	bool was_of_use = own->credential, other, changed;

	other = strcmp(before->uri, now->uri) ||
		strcmp(before->private_key, now->private_key);
	if (other)
		own_fini(own);
	if (!now->uri[0])
		return other;
	/* both, so that neither is found changed once more the next time */
	changed = gikev2_store_changed(now->private_key, &own->key);
	changed |= gikev2_store_changed(now->uri, &own->certificate);
	/* what could not be read may be readable now, without a new date, and
	 * a token that was away may be back */
	if (!changed && own->credential && !own_failed(own))
		return other;
	own_load(own, now);
	return other || own->credential || was_of_use;
}

static bool owns_update(struct mrkm_trust *trust,
			const struct mrkm_trust_config *config)
{
	bool changed = false;

	for (size_t i = 0; i < MRKM_CERTIFICATES_MAX; i++)
		changed |= own_update(&trust->own[i],
				      &trust->config.certificates[i],
				      &config->certificates[i]);
	trust->usable_count = 0;
	for (size_t i = 0; i < config->certificate_count; i++)
		if (trust->own[i].credential)
			trust->usable[trust->usable_count++] =
				trust->own[i].credential;
	return changed;
}

/* ------------------------------------------------------------------- others */

static bool same_others(const struct mrkm_trust_config *a,
			const struct mrkm_trust_config *b)
{
	return a->anchor_count == b->anchor_count &&
	       a->crl_count == b->crl_count &&
	       a->crl_required == b->crl_required &&
	       !memcmp(a->anchors, b->anchors, sizeof(a->anchors)) &&
	       !memcmp(a->crls, b->crls, sizeof(a->crls));
}

static void others_fini(struct mrkm_trust *trust)
{
	for (size_t i = 0; i < MRKM_TRUST_ANCHORS_MAX; i++)
		gikev2_anchors_free(trust->anchor[i].anchors);
	gikev2_anchors_free(trust->all);
	memset(trust->anchor, 0, sizeof(trust->anchor));
	memset(trust->crl, 0, sizeof(trust->crl));
	trust->all = NULL;
}

/* Have the files changed? */
static bool others_changed(struct mrkm_trust *trust)
{
	const struct mrkm_trust_config *config = &trust->config;
	bool found = !trust->all;

	for (size_t i = 0; i < config->anchor_count; i++)
		found |= gikev2_store_changed(config->anchors[i].uri,
					      &trust->anchor[i].file.stamp);
	for (size_t i = 0; i < config->crl_count; i++)
		found |= gikev2_store_changed(config->crls[i],
					      &trust->crl[i].stamp);
	return found;
}

/* How many of them could not be read. */
static size_t others_unread(const struct mrkm_trust *trust)
{
	size_t count = 0;

	for (size_t i = 0; i < trust->config.anchor_count; i++)
		count += trust->anchor[i].file.problem[0] != '\0';
	for (size_t i = 0; i < trust->config.crl_count; i++)
		count += trust->crl[i].problem[0] != '\0';
	return count;
}

/* The new ones beside those in force. */
struct others {
	struct gikev2_anchors *all, *named[MRKM_TRUST_ANCHORS_MAX];
	bool memory_short;
	bool crl_failed;
};

static void add(struct others *others, struct gikev2_anchors **anchors,
		const char *uri, enum gikev2_trust kind,
		struct mrkm_trust_file *file)
{
	if (!*anchors)
		*anchors = gikev2_anchors_new();
	if (!*anchors) {
		others->memory_short = true;
		return;
	}
	if (gikev2_store_trust(uri, kind, *anchors, file->problem,
			       sizeof(file->problem)) == 0)
		file->problem[0] = '\0';
	else if (kind == GIKEV2_TRUST_CRL)
		others->crl_failed = true;
}

/* They may be large: they are in memory once, whoever looks into them. */
static void share_crls(struct others *others, size_t count)
{
	for (size_t i = 0; others->all && i < count; i++)
		if (!others->named[i] ||
		    gikev2_anchors_share_crls(others->named[i], others->all) <
			    0)
			others->memory_short = true;
}

static void others_load(struct mrkm_trust *trust, struct others *others)
{
	const struct mrkm_trust_config *config = &trust->config;

	others->all = gikev2_anchors_new();
	others->memory_short = !others->all;
	for (size_t i = 0; i < config->anchor_count; i++) {
		const char *uri = config->anchors[i].uri;
		struct mrkm_trust_file *file = &trust->anchor[i].file;

		add(others, &others->named[i], uri, GIKEV2_TRUST_ANCHOR, file);
		/* half of a file is in, perhaps: that is none */
		if (file->problem[0]) {
			gikev2_anchors_free(others->named[i]);
			others->named[i] = gikev2_anchors_new();
			continue;
		}
		add(others, &others->all, uri, GIKEV2_TRUST_ANCHOR, file);
	}
	for (size_t i = 0; i < config->crl_count; i++)
		add(others, &others->all, config->crls[i], GIKEV2_TRUST_CRL,
		    &trust->crl[i]);
	share_crls(others, config->anchor_count);
}

static void require_crls(struct others *others, size_t count, bool required)
{
	if (others->all)
		gikev2_anchors_require_crl(others->all, required);
	for (size_t i = 0; i < count; i++)
		if (others->named[i])
			gikev2_anchors_require_crl(others->named[i], required);
}

static void others_free(struct others *others)
{
	gikev2_anchors_free(others->all);
	for (size_t i = 0; i < MRKM_TRUST_ANCHORS_MAX; i++)
		gikev2_anchors_free(others->named[i]);
}

static bool others_update(struct mrkm_trust *trust,
			  const struct mrkm_trust_config *config)
{
	bool same = same_others(&trust->config, config), in_force, changed;
	struct others others = { 0 };
	size_t unread;

	in_force = same && trust->all;
	if (!same)
		others_fini(trust);
	trust->config = *config;
	changed = others_changed(trust);
	unread = others_unread(trust);
	if (!changed && !unread)
		return !same;
	others_load(trust, &others);
	if (in_force && (others.crl_failed || others.memory_short)) {
		others_free(&others);
		return false;
	}
	require_crls(&others, config->anchor_count,
		     config->crl_required || others.crl_failed);
	gikev2_anchors_free(trust->all);
	trust->all = others.all;
	for (size_t i = 0; i < MRKM_TRUST_ANCHORS_MAX; i++) {
		gikev2_anchors_free(trust->anchor[i].anchors);
		trust->anchor[i].anchors = others.named[i];
	}
	return changed || others_unread(trust) != unread;
}

unsigned int mrkm_trust_update(struct mrkm_trust *trust,
			       const struct mrkm_trust_config *config)
{
	unsigned int changed = 0;

	if (owns_update(trust, config))
		changed |= MRKM_TRUST_OWN;
	if (others_update(trust, config))
		changed |= MRKM_TRUST_OTHERS;
	return changed;
}

void mrkm_trust_fini(struct mrkm_trust *trust)
{
	for (size_t i = 0; i < MRKM_CERTIFICATES_MAX; i++)
		own_fini(&trust->own[i]);
	others_fini(trust);
	memset(trust, 0, sizeof(*trust));
}

static const struct mrkm_anchor *find_anchor(const struct mrkm_trust *trust,
					     const char *name)
{
	for (size_t i = 0; i < trust->config.anchor_count; i++)
		if (!strcmp(trust->config.anchors[i].name, name))
			return &trust->anchor[i];
	return NULL;
}

const struct gikev2_anchors *mrkm_trust_anchors(const struct mrkm_trust *trust,
						const char *name)
{
	const struct mrkm_anchor *anchor;

	if (!name[0])
		return trust->all;
	anchor = find_anchor(trust, name);
	return anchor ? anchor->anchors : NULL;
}

/* ------------------------------------------------------------------ problems */

__attribute__((format(printf, 3, 4))) static bool say(char *buf, size_t size,
						      const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(buf, size, format, ap);
	va_end(ap);
	return true;
}

const char *mrkm_time_text(int64_t instant, char buf[MRKM_TIME_TEXT])
{
	time_t t = instant;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    !strftime(buf, MRKM_TIME_TEXT, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(buf, MRKM_TIME_TEXT, "%" PRId64, instant);
	return buf;
}

bool mrkm_trust_own_problem(const struct mrkm_trust *trust, size_t n,
			    const struct gikev2_id *identity, int64_t now,
			    char *buf, size_t size)
{
	const struct mrkm_own *own = &trust->own[n];
	const char *uri = trust->config.certificates[n].uri;
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];
	char id[GIKEV2_ID_MAX + 64], when[MRKM_TIME_TEXT];

	buf[0] = '\0';
	if (!own->credential)
		return say(buf, size, "%s", own->problem);
	if (now > own->info.until)
		return say(
			buf, size,
			"certificate %s of \"%s\" expired on %s: put a new one there",
			uri, own->info.subject,
			mrkm_time_text(own->info.until, when));
	if (now < own->info.from)
		return say(
			buf, size,
			"certificate %s of \"%s\" is not valid before %s: check this router's clock",
			uri, own->info.subject,
			mrkm_time_text(own->info.from, when));
	if (!gikev2_credential_certs(own->credential, certs) ||
	    gikev2_cert_names(certs[0], identity) == 0)
		return false;
	return say(
		buf, size,
		"certificate %s of \"%s\" is not for this router's identity, %s: put one there whose subjectAltName has it, or change \"identity\"",
		uri, own->info.subject,
		gikev2_id_text(identity, id, sizeof(id)));
}

bool mrkm_trust_owns_problem(const struct mrkm_trust *trust,
			     const struct gikev2_id *identity, int64_t now,
			     char *buf, size_t size)
{
	buf[0] = '\0';
	if (!trust->config.certificate_count)
		return say(
			buf, size,
			"no certificate: configure \"certificate URI private-key URI\" under \"mrkm\"");
	for (size_t i = 0; i < trust->config.certificate_count; i++)
		if (mrkm_trust_own_problem(trust, i, identity, now, buf, size))
			return true;
	return false;
}

bool mrkm_trust_others_problem(const struct mrkm_trust *trust, const char *name,
			       char *buf, size_t size)
{
	const struct mrkm_trust_config *config = &trust->config;

	buf[0] = '\0';
	if (!config->anchor_count)
		return say(
			buf, size,
			"no trust anchor: configure \"trust-anchor NAME URI\" under \"mrkm\"");
	if (name[0] && !find_anchor(trust, name))
		return say(
			buf, size,
			"trust anchor %s is not known: configure \"trust-anchor %s URI\" under \"mrkm\"",
			name, name);
	for (size_t i = 0; i < config->anchor_count; i++)
		if ((!name[0] || !strcmp(name, config->anchors[i].name)) &&
		    trust->anchor[i].file.problem[0])
			return say(buf, size, "trust anchor %s: %s",
				   config->anchors[i].name,
				   trust->anchor[i].file.problem);
	for (size_t i = 0; i < config->crl_count; i++)
		if (trust->crl[i].problem[0])
			return say(buf, size, "%s", trust->crl[i].problem);
	return false;
}
