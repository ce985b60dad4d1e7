;; For your init file: ds-lsp in Eglot.  Needs Emacs 30, and ds-lsp.el beside the init file.

;; Does nothing where ds-lsp or its package is not there.
(when (and (executable-find "ds-lsp")
           (load (expand-file-name "ds-lsp" (file-name-directory (or load-file-name user-init-file)))
                 t t))
  (ds-lsp-global-mode)
  ;; Eglot runs one server per buffer, and yours stays: see `ds-lsp-eglot-setup'.
  (ds-lsp-eglot-setup))
