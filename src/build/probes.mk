# SPDX-License-Identifier: GPL-2.0-or-later
#
# kbuild asks the compiler what it can, one trial run for each option, in each make: half of the
# time that a single object takes. With this in MAKEFILES and a directory in MKP_PROBES a question
# is put once: its answer is kept there, in a file of its own, under the whole text of the trial.
#
# try-run and its arguments: scripts/Kbuild.include (v4.x to v5.17), scripts/Makefile.compiler (since).

mkp-empty :=
mkp-blank := $(mkp-empty) $(mkp-empty)
mkp-hash := \#

# The text of a trial as one word, that a makefile and a shell's quotes leave as it is.
mkp-escape = $(subst ',~q,$(subst \,~b,$(subst %,~p,$(subst $(mkp-hash),~h,$(subst $$,~d,$(subst ~,~t,$(1)))))))
mkp-word = $(subst $(mkp-blank),~_,$(call mkp-escape,$(strip $(1))))

# Trial, word: y or n; nothing, if there is no room to try. No is no when it was said twice, for a
# compiler may have been killed.
mkp-ask = $(shell kept=$$(mktemp -d '$(MKP_PROBES)/ask.XXXXXX') || exit 0; \
	TMP=$$kept/tmp; TMPO=$$kept/tmp.o; answer=y; \
	($(1)) >/dev/null 2>&1 || ($(1)) >/dev/null 2>&1 || answer=n; \
	printf '%s\n' "mkp-said-$$answer += "'$(2)' >"$$kept/said" && mv "$$kept/said" "$$kept.mk"; \
	rm -rf "$$kept"; echo $$answer)

# Word, trial.
mkp-answer = $(or $(if $(filter $(1),$(mkp-said-y)),y),$(if $(filter $(1),$(mkp-said-n)),n),$(call \
	mkp-ask,$(2),$(1)),$(error no trial of the compiler is possible in $(MKP_PROBES)))

mkp-said-y :=
mkp-said-n :=
-include $(wildcard $(MKP_PROBES)/*.mk)

# The checksums of what a file exports make no difference to an object, and cost a second run of the
# preprocessor: they are notes in .cmd files, which only modpost reads (v5.19, 7b4537199a4a). What
# linked them into the object before that has another name.
override cmd_gen_symversions_c :=

override try-run = $(if $(filter y,$(call mkp-answer,$(call mkp-word,$(1)),$(1))),$(2),$(3))
