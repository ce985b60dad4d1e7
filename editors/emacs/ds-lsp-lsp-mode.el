;;; ds-lsp-lsp-mode.el --- ds-lsp in lsp-mode, as ghost text  -*- lexical-binding: t -*-

;; Needs lsp-mode 10, which has lsp-inline-completion.

;; Does nothing where ds-lsp or lsp-mode is not there.
(eval-and-compile
  (require 'lsp-mode nil t)
  (require 'lsp-inline-completion nil t))

;; lsp-mode hides the ghost text at every key and asks again when typing rests.  From here on it
;; stays while you type what it says, so that TAB may follow at once.
(defvar-local ds-lsp-hidden nil
  "The ghost text that the current command has hidden: (TICK START . END).
TICK is the buffer's before the command; the completion replaces START to END.")

(defun ds-lsp-note-hidden ()
  "Remember the ghost text that is being hidden, until the current command ends."
  (pcase-let* ((item (elt lsp-inline-completion--items lsp-inline-completion--current))
               (range (lsp:inline-completion-item-range? item))
               (at lsp-inline-completion--start-point)
               (`(,start . ,end) (if range (lsp--range-to-region range) (cons at at))))
    ;; The marker stays behind what is typed, and behind a bracket that is closed automatically.
    (setq ds-lsp-hidden (cons (buffer-chars-modified-tick) (cons start (copy-marker end t))))
    (add-hook 'post-command-hook #'ds-lsp-show-rest nil t)))

(defun ds-lsp-show-rest ()
  "Show what is left of the ghost text if the last command typed its beginning."
  (remove-hook 'post-command-hook #'ds-lsp-show-rest t)
  (pcase-let ((`(,tick ,start . ,end) ds-lsp-hidden))
    (setq ds-lsp-hidden nil)
    (when (and (< start (point)) (/= tick (buffer-chars-modified-tick)))
      (let* ((typed (buffer-substring-no-properties start (point)))
             (reach (lsp-make-range :start (ds-lsp-position (point))
                                   :end (ds-lsp-position (max (point) end))))
             (at lsp-inline-completion--current)
             (items lsp-inline-completion--items)
             ;; The one that was shown comes first.
             (rests (delq nil (mapcar (lambda (item) (ds-lsp-rest item typed reach))
                                      (append (nthcdr at items) (take at items))))))
        (when rests
          (setq lsp-inline-completion--items rests
                lsp-inline-completion--current 0
                lsp-inline-completion--start-point (point))
          (lsp-inline-completion-show-overlay))))
    (set-marker end nil)))

(defun ds-lsp-rest (item typed range)
  "Return what is left of ITEM behind TYPED, to replace RANGE; nil if it differs."
  (let ((text (lsp:inline-completion-item-insert-text item)))
    (when (and (stringp text) (string-prefix-p typed text) (length> text (length typed)))
      (lsp-make-inline-completion-item :insert-text (substring text (length typed))
                                       :range? range
                                       :command? (lsp:inline-completion-item-command? item)))))

(defun ds-lsp-position (point)
  "Return POINT as the kind of object that lsp-mode makes of an answer's positions."
  (let ((position (lsp--point-to-position point)))
    (lsp-make-position :line (plist-get position :line)
                       :character (plist-get position :character))))

(defun ds-lsp-shows-rest-p ()
  "Return non-nil if the ghost text goes on from point: nothing to ask."
  (and (lsp-inline-completion--active-p) (eq lsp-inline-completion--start-point (point))))

(when (and (executable-find "ds-lsp") (featurep 'lsp-inline-completion))
  ;; An add-on: it runs beside the server that lsp-mode has for the language.
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection '("ds-lsp" "--stdio"))
                    :activation-fn (lsp-activate-on "python" "c" "cpp" "go" "java" "javascript"
                                                     "rust" "shellscript" "typescript")
                    :server-id 'ds-lsp
                    :add-on? t))
  (dolist (hook '(python-base-mode-hook c-mode-hook c-ts-mode-hook c++-mode-hook c++-ts-mode-hook
                  go-ts-mode-hook java-mode-hook java-ts-mode-hook rust-ts-mode-hook
                  typescript-ts-mode-hook js-base-mode-hook sh-base-mode-hook))
    (add-hook hook #'lsp-deferred))
  ;; lsp-mode's own default is two seconds.
  (setq lsp-inline-completion-idle-delay 0.25)
  (define-key lsp-inline-completion-active-map (kbd "TAB") #'lsp-inline-completion-accept)
  (add-hook 'lsp-inline-completion-cancelled-hook #'ds-lsp-note-hidden)
  (add-to-list 'lsp-inline-completion-inhibit-predicates #'ds-lsp-shows-rest-p)
  ;; M-x lsp-ds-lsp-explain explains the region, or the code at point.
  (lsp-make-interactive-code-action ds-lsp-explain "refactor.explain"))

;;; ds-lsp-lsp-mode.el ends here
