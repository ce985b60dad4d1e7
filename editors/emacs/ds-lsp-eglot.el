;;; ds-lsp-eglot.el --- ds-lsp in Eglot, as ghost text  -*- lexical-binding: t -*-

;; Needs Emacs 30 or newer, for completion-preview.

;; Name the modes in which ds-lsp completes. Eglot runs one server per buffer: there, ds-lsp takes
;; the place of the server that Eglot would have chosen.
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               '((python-mode python-ts-mode) . ("ds-lsp" "--stdio"))))
(add-hook 'python-base-mode-hook #'eglot-ensure)

;; Show the first item of the completion menu as ghost text; TAB accepts it.
(setq completion-preview-minimum-symbol-length nil)
(add-hook 'python-base-mode-hook #'completion-preview-mode)

;;; ds-lsp-eglot.el ends here
